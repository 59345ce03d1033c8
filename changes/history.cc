#include "changes/history.h"

#include <git2.h>

#include "base/file.h"

namespace schoolgate::changes {
namespace {

constexpr const char* kBranch = "refs/heads/main";

template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* one) const noexcept { Free(one); }
};
template <class T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, Freed<T, Free>>;
using Tree = Owned<git_tree, git_tree_free>;
using Commit = Owned<git_commit, git_commit_free>;
using Builder = Owned<git_treebuilder, git_treebuilder_free>;
using Signature = Owned<git_signature, git_signature_free>;

std::unexpected<Error> git_failed(const std::string& doing) {
  const git_error* const error = git_error_last();
  return fail(Fault::host, "cannot " + doing + " the history: " + (error != nullptr ? error->message : "unknown"));
}

}  // namespace

void begin_git() {
  static const bool begun = [] {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    // Settings of whoever runs this are not ours.
    for (const int level : {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL})
      git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);  // root works in the folder of the gateway's user
    return true;
  }();
  (void)begun;
}

struct History::State {
  git_repository* repository = nullptr;
  ~State() { git_repository_free(repository); }

  [[nodiscard]] Result<Commit> commit(const std::string& id) const {
    git_oid oid;
    git_commit* found = nullptr;
    if (git_oid_fromstr(&oid, id.c_str()) != 0 || git_commit_lookup(&found, repository, &oid) != 0)
      return git_failed("read " + id + " of");
    return Commit(found);
  }
  /// Of the names below `prefix`; a folder is a tree of its own.
  [[nodiscard]] Result<git_oid> write_tree(const FileTexts& files, const std::string& prefix) const {
    git_treebuilder* made = nullptr;
    if (git_treebuilder_new(&made, repository, nullptr) != 0) return git_failed("write");
    const Builder builder(made);
    for (auto file = files.lower_bound(prefix); file != files.end() && file->first.starts_with(prefix);) {
      const std::string name = file->first.substr(prefix.size());
      git_oid oid;
      const std::size_t slash = name.find('/');
      if (slash == std::string::npos) {
        if (git_blob_create_from_buffer(&oid, repository, file->second.data(), file->second.size()) != 0 ||
            git_treebuilder_insert(nullptr, made, name.c_str(), &oid, GIT_FILEMODE_BLOB) != 0)
          return git_failed("write");
        ++file;
        continue;
      }
      const std::string below = prefix + name.substr(0, slash + 1);
      const auto tree = write_tree(files, below);
      if (!tree) return tree;
      if (git_treebuilder_insert(nullptr, made, name.substr(0, slash).c_str(), &*tree, GIT_FILEMODE_TREE) != 0)
        return git_failed("write");
      while (file != files.end() && file->first.starts_with(below)) ++file;
    }
    git_oid oid;
    if (git_treebuilder_write(&oid, made) != 0) return git_failed("write");
    return oid;
  }
};

History::History(std::unique_ptr<State> state) : state_(std::move(state)) {}
History::~History() = default;
History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;

Result<History> History::open(const std::filesystem::path& folder) {
  begin_git();
  if (auto made = make_private_folder(folder); !made) return std::unexpected(std::move(made.error()));
  auto state = std::make_unique<State>();
  const std::string path = (folder / "history.git").string();
  if (git_repository_open_bare(&state->repository, path.c_str()) != 0) {
    git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
    options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
    options.mode = 0700;
    options.initial_head = "main";
    if (git_repository_init_ext(&state->repository, path.c_str(), &options) != 0) return git_failed("make");
  }
  return History(std::move(state));
}

Result<std::optional<std::string>> History::head() const {
  git_oid oid;
  const int found = git_reference_name_to_id(&oid, state_->repository, kBranch);
  if (found == GIT_ENOTFOUND) return std::optional<std::string>();
  if (found != 0) return git_failed("read");
  return std::optional<std::string>(git_oid_tostr_s(&oid));
}

Result<FileTexts> History::files_of(const std::string& commit) const {
  const auto found = state_->commit(commit);
  if (!found) return std::unexpected(found.error());
  git_tree* opened = nullptr;
  if (git_commit_tree(&opened, found->get()) != 0) return git_failed("read");
  const Tree tree(opened);
  struct Walk {
    git_repository* repository;
    FileTexts files;
    bool failed = false;
  } walk{state_->repository, {}};
  const auto take = [](const char* root, const git_tree_entry* entry, void* payload) {
    auto& into = *static_cast<Walk*>(payload);
    if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB) return 0;
    git_blob* blob = nullptr;
    if (git_blob_lookup(&blob, into.repository, git_tree_entry_id(entry)) != 0) return into.failed = true, -1;
    into.files[std::string(root) + git_tree_entry_name(entry)] =
        std::string(static_cast<const char*>(git_blob_rawcontent(blob)), std::size_t(git_blob_rawsize(blob)));
    git_blob_free(blob);
    return 0;
  };
  if (git_tree_walk(tree.get(), GIT_TREEWALK_PRE, take, &walk) != 0 || walk.failed) return git_failed("read");
  return std::move(walk.files);
}

Result<FileTexts> History::files_before(const std::string& commit) const {
  const auto found = state_->commit(commit);
  if (!found) return std::unexpected(found.error());
  if (git_commit_parentcount(found->get()) == 0) return FileTexts();
  return files_of(git_oid_tostr_s(git_commit_parent_id(found->get(), 0)));
}

Result<std::string> History::message_of(const std::string& commit) const {
  const auto found = state_->commit(commit);
  if (!found) return std::unexpected(found.error());
  return std::string(git_commit_message(found->get()));
}

Result<std::string> History::write(const FileTexts& files, const std::string& message, TimePoint at) {
  const auto tree_id = state_->write_tree(files, "");
  if (!tree_id) return std::unexpected(tree_id.error());
  git_tree* opened = nullptr;
  if (git_tree_lookup(&opened, state_->repository, &*tree_id) != 0) return git_failed("write");
  const Tree tree(opened);
  git_signature* signed_by = nullptr;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  if (git_signature_new(&signed_by, "schoolgate", "schoolgate@localhost", seconds, 0) != 0) return git_failed("write");
  const Signature signature(signed_by);
  const auto before = head();
  if (!before) return std::unexpected(before.error());
  Commit parent;
  if (*before) {
    auto found = state_->commit(**before);
    if (!found) return std::unexpected(found.error());
    parent = std::move(*found);
  }
  const git_commit* parents[] = {parent.get()};
  git_oid oid;
  if (git_commit_create(&oid, state_->repository, nullptr, signature.get(), signature.get(), "UTF-8", message.c_str(),
                        tree.get(), parent ? 1 : 0, parents) != 0)
    return git_failed("write");
  return std::string(git_oid_tostr_s(&oid));
}

Result<void> History::advance(const std::string& commit) {
  git_oid oid;
  git_reference* made = nullptr;
  if (git_oid_fromstr(&oid, commit.c_str()) != 0 ||
      git_reference_create(&made, state_->repository, kBranch, &oid, 1, "accepted") != 0)
    return git_failed("write");
  git_reference_free(made);
  return {};
}

}  // namespace schoolgate::changes
