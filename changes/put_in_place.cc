#include "changes/put_in_place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/as_oneself.h"
#include "base/file.h"
#include "changes/change_work.h"
#include "config/scalars.h"

namespace schoolgate::changes {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIntent = "intent";
constexpr const char* kTakenBack = " taken back";

/// Nothing: it is not there.
Result<std::optional<std::string>> text_of(const fs::path& path) {
  std::error_code error;
  const auto status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::not_found) return std::optional<std::string>();
  if (status.type() != fs::file_type::regular)
    return fail(Fault::config, path.string() + " is not a regular file",
                "a change replaces files, and follows no link");
  auto text = read_file(path);
  if (!text) return std::unexpected(std::move(text.error()));
  return std::optional(std::move(*text));
}

/// As it was, the owner and the mode too. Root only where the folder of the configuration is somebody else's: what its
/// owner can write, a link of its owner's could lead away.
Result<void> write_file(const fs::path& config, const std::string& name, const std::optional<std::string>& text) {
  struct stat folder{};
  const bool own = ::stat(config.c_str(), &folder) == 0 && folder.st_uid == ::geteuid();
  std::optional<AsOneself> oneself;
  if (!own) oneself.emplace();
  const fs::path path = config / name;
  if (!text) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("cannot remove " + path.string(), errno);
    return {};
  }
  struct stat about{};
  const bool was_there = ::stat(path.c_str(), &about) == 0;
  if (!was_there && ::stat(path.parent_path().c_str(), &about) != 0) {
    std::error_code error;
    fs::create_directory(path.parent_path(), error);
    if (error || ::stat(path.parent_path().c_str(), &about) != 0)
      return fail(Fault::host, "cannot make " + path.parent_path().string());
  }
  const FileOwner owner{about.st_uid, about.st_gid};
  return replace_file(path, *text, was_there ? about.st_mode & 07777 : 0644, ::geteuid() == 0 ? &owner : nullptr);
}

/// What has to be known to finish: lines of "key value", and a line for each file.
struct Intent {
  std::string commit;
  std::uint64_t number = 0;
  ProposalEvent::What event = ProposalEvent::What::apply;
  Actor by;
  std::vector<std::string> names;
};

std::string text_of(const Intent& intent) {
  const bool back = intent.event == ProposalEvent::What::taken_back;
  std::string out = intent.commit + "\n" + std::to_string(intent.number) + (back ? kTakenBack : "") + "\n" +
                    intent.by.account + "\n" + intent.by.machine_user + "\n";
  for (const std::string& name : intent.names) out += name + "\n";
  return out;
}

std::optional<Intent> intent_from(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (lines.size() < 5 || lines[0].size() != 40) return std::nullopt;
  const bool back = lines[1].ends_with(kTakenBack);
  const auto number = config::parse_whole(lines[1].substr(0, lines[1].find(' ')));
  if (!number) return std::nullopt;
  const auto event = back ? ProposalEvent::What::taken_back : ProposalEvent::What::apply;
  return Intent{lines[0], *number, event, {lines[2], lines[3]}, {lines.begin() + 4, lines.end()}};
}

Result<void> remove_intent(const fs::path& folder) {
  const fs::path file = folder / kIntent;
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) return fail_errno("cannot remove " + file.string(), errno);
  return {};
}

std::optional<std::string> in(const FileTexts& files, const std::string& name) {
  const auto found = files.find(name);
  return found == files.end() ? std::nullopt : std::optional(found->second);
}

/// An intent beside the files and the history.
Result<CutOff> cut_off_from(const fs::path& config, History& history, const Intent& intent) {
  CutOff cut{.commit = intent.commit, .number = intent.number, .event = intent.event, .names = intent.names};
  const auto head = history.head();
  if (!head) return std::unexpected(head.error());
  cut.is_recorded = *head == intent.commit;
  auto after = history.files_of(intent.commit);
  if (!after) return std::unexpected(std::move(after.error()));
  cut.after = std::move(*after);
  auto before = cut.is_recorded ? history.files_before(intent.commit)
                : *head         ? history.files_of(**head)
                                : Result<FileTexts>(FileTexts());
  if (!before) return std::unexpected(std::move(before.error()));
  cut.before = std::move(*before);
  cut.is_begun = cut.is_recorded;
  for (const std::string& name : cut.names) {
    if (!is_configuration_name(name)) return fail(Fault::self, "the intent names '" + name + "'");
    const auto there = text_of(config / name);
    if (!there) return std::unexpected(there.error());
    if (*there != in(cut.before, name)) cut.is_begun = true;
  }
  return cut;
}

/// Files that are as `after` says become as they were; others were changed by hand since.
Result<void> put_back(const fs::path& config, const fs::path& folder, const CutOff& cut) {
  for (const std::string& name : cut.names) {
    const auto there = text_of(config / name);
    if (!there) return std::unexpected(there.error());
    if (*there == in(cut.before, name) || *there != in(cut.after, name)) continue;
    if (auto written = write_file(config, name, in(cut.before, name)); !written) return written;
  }
  return remove_intent(folder);
}

/// The steps behind the intent; each may have been done already.
Result<void> finish(const fs::path& config, const fs::path& folder, History& history, Ledger& ledger,
                    const Intent& intent, const CutOff& cut, TimePoint now, const BeforeStep& before_step) {
  const auto step = [&](int number) {
    if (before_step) before_step(number);
  };
  if (!cut.is_recorded) {
    for (const std::string& name : cut.names) {
      step(2);
      const auto now_there = text_of(config / name);
      if (!now_there) return std::unexpected(now_there.error());
      if (*now_there != in(cut.before, name)) continue;  // written already, or changed by hand since
      if (auto written = write_file(config, name, in(cut.after, name)); !written) return written;
    }
    step(3);
    if (auto advanced = history.advance(intent.commit); !advanced) return advanced;
  }
  step(4);
  const auto proposal = ledger.find(intent.number);
  if (!proposal) return std::unexpected(proposal.error());
  const bool known = std::ranges::any_of(proposal->events, [&](const ProposalEvent& event) {
    return event.what == intent.event && event.text == intent.commit;
  });
  if (!known)
    if (auto noted =
            ledger.add_event(intent.number, {.at = now, .by = intent.by, .what = intent.event, .text = intent.commit});
        !noted)
      return noted;
  step(5);
  return remove_intent(folder);
}

/// finish(), and no intent is left where that failed before the first file was written: nothing is half done then.
Result<void> finish_or_leave_none(const fs::path& config, const fs::path& folder, History& history, Ledger& ledger,
                                  const Intent& intent, const CutOff& cut, TimePoint now,
                                  const BeforeStep& before_step) {
  auto done = finish(config, folder, history, ledger, intent, cut, now, before_step);
  if (done) return done;
  const auto left = cut_off_from(config, history, intent);
  if (left && !left->is_begun)
    if (auto removed = remove_intent(folder); !removed) done.error().what += "; " + removed.error().text();
  return done;
}

}  // namespace

bool is_policy(std::string_view file) noexcept {
  return file == "policy.yaml" || file == "categories.yaml" || file == "lists.yaml" || file.starts_with("rules/");
}

Result<Exclusive> Exclusive::take(const fs::path& folder) {
  if (auto made = make_private_folder(folder); !made) return std::unexpected(std::move(made.error()));
  const fs::path file = folder / "lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return fail_errno("cannot open " + file.string(), errno);
  while (::flock(fd, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    const int error = errno;
    ::close(fd);
    return fail_errno("cannot lock " + file.string(), error);
  }
  return Exclusive(fd);
}
Exclusive::~Exclusive() {
  if (fd_ >= 0) ::close(fd_);
}
Exclusive::Exclusive(Exclusive&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Result<bool> follow_files(History& history, const FileTexts& files, const std::string& message, TimePoint now) {
  const auto head = history.head();
  if (!head) return std::unexpected(head.error());
  if (*head) {
    const auto known = history.files_of(**head);
    if (!known) return std::unexpected(known.error());
    if (*known == files) return false;
  }
  const auto commit = history.write(files, message, now);
  if (!commit) return std::unexpected(commit.error());
  if (auto advanced = history.advance(*commit); !advanced) return std::unexpected(std::move(advanced.error()));
  return true;
}

Result<std::string> put_in_place(const fs::path& config, const fs::path& folder, History& history, Ledger& ledger,
                                 const Placement& placement, TimePoint now, const BeforeStep& before_step) {
  Intent intent{.number = placement.number, .event = placement.event, .by = placement.by};
  // What is to be finished after a power cut is told from the head: it has to be what stands there.
  const auto head = history.head();
  if (!head) return std::unexpected(head.error());
  if (!*head) return fail(Fault::self, "the history has no beginning");
  const auto known = history.files_of(**head);
  if (!known) return std::unexpected(known.error());
  for (const ProposedFile& file : placement.files) {
    if (!is_configuration_name(file.name))
      return fail(Fault::client, "'" + file.name + "' is no file of a configuration");
    if (placement.reach == Reach::policy && !is_policy(file.name))
      return fail(Fault::client, file.name + " is put in place by a person alone");
    const auto there = text_of(config / file.name);
    if (!there) return std::unexpected(there.error());
    const auto in_history = known->find(file.name);
    const auto recorded = in_history == known->end() ? std::optional<std::string>() : std::optional(in_history->second);
    if (*there != file.before || recorded != file.before)
      return fail(Fault::client, file.name + " has changed meanwhile");
    intent.names.push_back(file.name);
  }
  if (before_step) before_step(0);
  auto commit = history.write(placement.all, placement.message, now);
  if (!commit) return commit;
  intent.commit = *commit;
  if (before_step) before_step(1);
  if (auto written = replace_file(folder / kIntent, text_of(intent)); !written)
    return std::unexpected(std::move(written.error()));
  const CutOff cut{.commit = *commit,
                   .number = intent.number,
                   .event = intent.event,
                   .names = intent.names,
                   .before = *known,
                   .after = placement.all};
  if (auto done = finish_or_leave_none(config, folder, history, ledger, intent, cut, now, before_step); !done)
    return std::unexpected(std::move(done.error()));
  return commit;
}

bool is_cut_off(const fs::path& folder) noexcept {
  std::error_code unreadable;
  return fs::exists(folder / kIntent, unreadable);
}

Result<std::optional<Finished>> finish_interrupted(const fs::path& config, const fs::path& folder, History& history,
                                                   Ledger& ledger, TimePoint now, const MayFinish& may_finish) {
  const auto text = text_of(folder / kIntent);
  if (!text) return std::unexpected(text.error());
  if (!*text) return std::optional<Finished>();
  const auto intent = intent_from(**text);
  if (!intent)
    return fail(Fault::host, (folder / kIntent).string() + " is damaged", "look at the files, then remove it");
  const auto cut = cut_off_from(config, history, *intent);
  if (!cut) return std::unexpected(cut.error());
  const auto ending = may_finish ? may_finish(*cut) : Result<Ending>(Ending::finish);
  if (!ending) return std::unexpected(ending.error());
  auto done = *ending == Ending::give_up
                  ? put_back(config, folder, *cut)
                  : finish_or_leave_none(config, folder, history, ledger, *intent, *cut, now, {});
  if (!done) return std::unexpected(std::move(done.error()));
  return std::optional(Finished{intent->number, intent->event, *ending, intent->names});
}

}  // namespace schoolgate::changes
