#include "blocklists/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <thread>

#include "base/digest.h"
#include "base/file.h"
#include "blocklists/sealed_file.h"

namespace schoolgate::blocklists {
namespace {

constexpr std::chrono::milliseconds kLookAtLock{100};  // flock() itself has no time limit

namespace fs = std::filesystem;

// A cell of a tab-separated file.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\t' || c == '\n' || c == '\r' || c == '\\') {
      out += '\\';
      out += c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : '\\';
    } else {
      out += c;
    }
  }
  return out;
}

std::string uncell(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    out += c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
  }
  return out;
}

std::vector<std::vector<std::string>> read_table(const fs::path& path) {
  std::vector<std::vector<std::string>> rows;
  const auto text = read_file(path);
  if (!text) return rows;
  for (std::string_view rest = *text; !rest.empty();) {
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    std::vector<std::string> row;
    for (;;) {
      const auto tab = line.find('\t');
      row.push_back(uncell(line.substr(0, tab)));
      if (tab == std::string_view::npos) break;
      line = line.substr(tab + 1);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::uint64_t to_number(std::string_view text) {
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

TimePoint to_time(std::string_view text) { return from_rfc3339(text).value_or(TimePoint{}); }

std::string padded(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
}

constexpr std::pair<ImageRemark::Kind, std::string_view> kRemarkKinds[] = {
    {ImageRemark::Kind::refused, "refused"},     {ImageRemark::Kind::left_alone, "left alone"},
    {ImageRemark::Kind::covers, "covers"},       {ImageRemark::Kind::shrank, "shrank"},
    {ImageRemark::Kind::overruled, "overruled"}, {ImageRemark::Kind::unprobed, "unprobed"}};

std::optional<ImageRemark::Kind> remark_kind_from(std::string_view text) {
  for (const auto& [kind, name] : kRemarkKinds)
    if (name == text) return kind;
  return std::nullopt;
}

std::string remark_rows(std::span<const ImageRemark> remarks) {
  std::string rows;
  for (const ImageRemark& remark : remarks) {
    rows += "remark\t" + std::string(to_string(remark.kind));
    for (const std::string& field : {remark.list, remark.category, remark.entry, remark.site, remark.text})
      rows += '\t' + cell(field);
    rows += '\n';
  }
  return rows;
}

// Relative names, sizes and times: what tells another content without reading it.
std::string stamp_of(const fs::path& content) {
  std::vector<std::string> lines;
  std::error_code error;
  const auto add = [&](const fs::path& path) {
    lines.push_back(path.lexically_relative(content).string() + ' ' + std::to_string(fs::file_size(path, error)) + ' ' +
                    std::to_string(fs::last_write_time(path, error).time_since_epoch().count()));
  };
  if (fs::is_directory(content, error)) {
    for (const auto& entry : fs::recursive_directory_iterator(content, error))
      if (entry.is_regular_file(error)) add(entry.path());
  } else {
    add(content);
  }
  std::ranges::sort(lines);
  std::string all;
  for (const std::string& line : lines) all += line + '\n';
  return to_hex(sha256(all));
}

// Only these may be part of a file's name.
std::string file_name_of(std::string_view list) {
  std::string out;
  for (const char c : list) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || (c == '.' && !out.empty());
    if (plain) {
      out += c;
    } else {
      static constexpr char kDigits[] = "0123456789abcdef";
      out += '%';
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

}  // namespace

std::string_view to_string(ImageRemark::Kind kind) noexcept {
  for (const auto& [known, name] : kRemarkKinds)
    if (known == kind) return name;
  return "?";
}

ListStore::Lock::~Lock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<ListStore> ListStore::open(const fs::path& state) {
  ListStore store(state);
  for (const fs::path& folder :
       {state, store.folder_, store.folder_ / "sources", store.folder_ / "images", store.folder_ / "staging"})
    if (auto made = make_private_folder(folder); !made) return std::unexpected(std::move(made.error()));
  return store;
}

Result<ListStore> ListStore::open_to_read(const fs::path& state) {
  ListStore store(state);
  for (const fs::path& folder : {state, store.folder_, store.folder_ / "images"}) {
    if (::faccessat(AT_FDCWD, folder.c_str(), R_OK | X_OK, AT_EACCESS) == 0) continue;
    if (errno == ENOENT) return store;
    return fail_errno("cannot read " + folder.string(), errno, "ask as the gateway's user or as root");
  }
  return store;
}

Result<ListStore::Lock> ListStore::lock(std::chrono::milliseconds patience) const {
  const fs::path path = folder_ / "lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno("cannot open " + path.string(), errno);
  Lock lock(fd);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= until)
      return fail(Fault::host, "another update of the lists is under way", "wait for it to end");
    std::this_thread::sleep_for(kLookAtLock);
  }
  return lock;
}

Result<SealedKey> ListStore::sealed_key() const {
  auto known = known_sealed_key();
  if (!known) return std::unexpected(std::move(known.error()));
  if (*known) return **known;
  SealedKey key{};
  fill_random(key);
  if (auto written = replace_file(state_ / "sealed.key", {reinterpret_cast<const char*>(key.data()), key.size()});
      !written)
    return std::unexpected(std::move(written.error()));
  return key;
}

Result<std::optional<SealedKey>> ListStore::known_sealed_key() const {
  const fs::path path = state_ / "sealed.key";
  SealedKey key{};
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;  // ENOTDIR: there is no state folder (none())
    return fail_errno("cannot look at " + path.string(), errno);
  }
  if ((about.st_mode & 077) != 0)
    return fail(Fault::host, path.string() + " may be read by others", "chmod 600 " + path.string());
  const auto bytes = read_file(path, key.size());
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->size() != key.size())
    return fail(Fault::host, path.string() + " is not a key", "restore it, or remove it and compile the lists again");
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

bool ListStore::has_copy_of(const ListSource& local) const {
  std::error_code error;
  if (!fs::exists(source(local.name), error)) return false;
  for (const auto& row : read_table(folder_ / "copies.tsv"))
    if (row.size() >= 2 && row[0] == local.name) return row[1] == stamp_of(local.path);
  return false;
}

Result<void> ListStore::keep_copy(const ListSource& local) const {
  if (has_copy_of(local)) return {};
  std::error_code error;
  const bool folder = fs::is_directory(local.path, error);
  if (folder && local.sealed) return {};  // only one file can be sealed at rest
  const fs::path copy = staging(local.name + ".copy"), place = source(local.name);
  const std::string stamp = stamp_of(local.path);  // before the content: what changes meanwhile is copied again
  fs::remove_all(copy, error);
  fs::copy(local.path, copy, fs::copy_options::recursive, error);
  if (error) return fail(Fault::host, "cannot copy " + local.path.string() + ": " + error.message());
  if (local.sealed) {
    auto key = sealed_key();
    if (!key) return std::unexpected(std::move(key.error()));
    ListSource at_rest = local;
    at_rest.path = copy;
    if (auto sealed = seal_in_place(at_rest, *key); !sealed) {
      fs::remove_all(copy, error);  // its text stays nowhere
      return sealed;
    }
  } else if (!folder) {
    fs::permissions(copy, fs::perms::owner_read | fs::perms::owner_write, error);
  }
  fs::remove_all(place, error);
  fs::rename(copy, place, error);
  if (error) return fail(Fault::host, "cannot move a list to " + place.string() + ": " + error.message());
  std::string text = cell(local.name) + '\t' + stamp + '\n';
  for (const auto& row : read_table(folder_ / "copies.tsv"))
    if (row.size() >= 2 && row[0] != local.name) text += cell(row[0]) + '\t' + cell(row[1]) + '\n';
  return replace_file(folder_ / "copies.tsv", text);
}

std::set<std::string> ListStore::accepted_sites() const {
  std::set<std::string> sites;
  for (const auto& row : read_table(folder_ / "accepted.tsv"))
    if (row.size() >= 2) sites.insert(row[0] + '\t' + row[1]);
  return sites;
}

Result<void> ListStore::set_accepted_sites(const std::set<std::string>& sites) const {
  std::string text;
  for (const std::string& site : sites) text += site + '\n';
  return replace_file(folder_ / "accepted.tsv", text);
}

fs::path ListStore::source(std::string_view list) const { return folder_ / "sources" / file_name_of(list); }
fs::path ListStore::staging(std::string_view name) const { return folder_ / "staging" / file_name_of(name); }

fs::path ListStore::image_file(std::uint64_t number, std::string_view ending) const {
  return folder_ / "images" / (padded(number) + std::string(ending));
}

std::map<std::string, SourceState> ListStore::source_states() const {
  std::map<std::string, SourceState> out;
  for (const auto& row : read_table(folder_ / "lists.tsv")) {
    if (row.size() < 9) continue;
    SourceState& state = out[row[0]];
    state.fetched = to_time(row[1]);
    state.checked = to_time(row[2]);
    state.etag = row[3];
    state.last_modified = row[4];
    state.sha256 = row[5];
    state.version = row[6];
    state.failure = row[7];
    state.failures = to_number(row[8]);
    if (row.size() > 9) state.address_sha256 = row[9];  // releases before did not know it
  }
  return out;
}

Result<void> ListStore::set_source_states(const std::map<std::string, SourceState>& states) const {
  std::string text;
  for (const auto& [name, state] : states) {
    text += cell(name);
    for (const std::string& field :
         {to_rfc3339(state.fetched), to_rfc3339(state.checked), state.etag, state.last_modified, state.sha256,
          state.version, state.failure, std::to_string(state.failures), state.address_sha256})
      text += '\t' + cell(field);
    text += '\n';
  }
  return replace_file(folder_ / "lists.tsv", text);
}

std::vector<StoredImage> ListStore::images() const {
  std::vector<StoredImage> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_ / "images", error)) {
    if (entry.path().extension() != ".image") continue;
    StoredImage image;
    image.number = to_number(entry.path().stem().string());
    image.path = entry.path();
    image.withdrawn = fs::exists(image_file(image.number, ".withdrawn"), error);
    for (const auto& row : read_table(image_file(image.number, ".tsv"))) {
      if (row.size() < 2) continue;
      if (row[0] == "made") image.made = to_time(row[1]);
      if (row[0] == "identity") image.identity = row[1];
      if (row[0] == "checksum") image.checksum = row[1];
      if (row[0] == "remark" && row.size() >= 7)
        if (const auto kind = remark_kind_from(row[1]))
          image.remarks.push_back({*kind, row[2], row[3], row[4], row[5], row[6]});
    }
    out.push_back(std::move(image));
  }
  std::sort(out.begin(), out.end(), [](const StoredImage& a, const StoredImage& b) { return a.number > b.number; });
  return out;
}

std::optional<StoredImage> ListStore::current() const {
  const auto text = read_file(folder_ / "current", 64);
  if (!text) return {};
  const std::uint64_t number = to_number(*text);
  for (StoredImage& image : images())
    if (image.number == number) return std::move(image);
  return {};
}

Result<std::shared_ptr<const CategoryDb>> ListStore::open_current() const {
  const auto image = current();
  if (!image) {
    std::error_code error;
    if (fs::exists(folder_ / "current", error))
      return fail(Fault::host, "the list image in force is missing from " + (folder_ / "images").string(),
                  "run 'schoolgate lists update' or 'schoolgate lists rollback'");
    return CategoryDb::empty();
  }
  const auto key = known_sealed_key();
  if (!key) return std::unexpected(key.error());
  return CategoryDb::open(image->path, *key);
}

Result<StoredImage> ListStore::publish(const fs::path& staged, const std::string& identity, const CompileReport& report,
                                       TimePoint now, bool again, std::span<const ImageRemark> remarks) const {
  std::vector<StoredImage> known = images();
  if (!again)
    for (const StoredImage& image : known)
      if (image.withdrawn && image.checksum == report.checksum)
        return fail(Fault::config,
                    "the lists give the same image that was rolled back from (" + padded(image.number) + ")",
                    "wait for the lists to change, or publish it with force");
  StoredImage image;
  image.number = known.empty() ? 1 : known.front().number + 1;
  image.path = image_file(image.number, ".image");
  image.made = now;
  image.identity = identity;
  image.checksum = report.checksum;

  std::string about =
      "made\t" + to_rfc3339(now) + "\nidentity\t" + cell(identity) + "\nchecksum\t" + report.checksum + '\n';
  for (const ListReport& list : report.lists) {
    about += "list\t" + cell(list.name) + '\t' + cell(list.category);
    for (const std::uint64_t count : {list.lines, list.hosts, list.networks, list.urls, list.patterns, list.duplicates,
                                      list.redundant, list.skipped, list.rejected})
      about += '\t' + std::to_string(count);
    about += '\n';
    for (const ReasonCount& reason : list.reasons)
      about += "reason\t" + cell(list.name) + '\t' + cell(reason.reason) + '\t' + std::to_string(reason.count) + '\n';
    for (const LineNote& note : list.notes)
      about += "note\t" + cell(list.name) + '\t' + cell(note.file) + '\t' + std::to_string(note.line) + '\t' +
               cell(note.reason) + '\t' + cell(note.text) + '\n';
  }
  about += remark_rows(remarks);
  image.remarks.assign(remarks.begin(), remarks.end());
  if (auto written = replace_file(image_file(image.number, ".tsv"), about); !written)
    return std::unexpected(std::move(written.error()));
  if (::rename(staged.c_str(), image.path.c_str()) != 0)
    return fail_errno("cannot move the new image to " + image.path.string(), errno);
  if (auto written = replace_file(folder_ / "current", std::to_string(image.number) + '\n'); !written)
    return std::unexpected(std::move(written.error()));
  std::error_code ignored;
  for (std::size_t i = kKept; i < known.size(); ++i)
    for (const std::string_view ending : {".image", ".tsv", ".withdrawn"})
      fs::remove(image_file(known[i].number, ending), ignored);
  return image;
}

Result<void> ListStore::set_remarks(std::span<const ImageRemark> remarks) const {
  const auto image = current();
  if (!image) return fail(Fault::config, "there is no list image in force", "run 'schoolgate lists update'");
  if (std::ranges::equal(image->remarks, remarks)) return {};
  const fs::path path = image_file(image->number, ".tsv");
  auto text = read_file(path);
  if (!text) return std::unexpected(std::move(text.error()));
  std::string kept;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    if (!rest.starts_with("remark\t")) kept += rest.substr(0, end);
    rest.remove_prefix(end);
  }
  return replace_file(path, kept + remark_rows(remarks));
}

Result<StoredImage> ListStore::rollback() const {
  const auto now = current();
  if (!now) return fail(Fault::config, "there is no list image in force", "run 'schoolgate lists update'");
  for (StoredImage& image : images()) {
    if (image.number >= now->number || image.withdrawn) continue;
    if (auto marked = replace_file(image_file(now->number, ".withdrawn"), {}); !marked)
      return std::unexpected(std::move(marked.error()));
    if (auto written = replace_file(folder_ / "current", std::to_string(image.number) + '\n'); !written)
      return std::unexpected(std::move(written.error()));
    return std::move(image);
  }
  return fail(Fault::config, "there is no older list image to go back to");
}

}  // namespace schoolgate::blocklists
