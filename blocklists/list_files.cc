#include "blocklists/list_files.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include "blocklists/archive.h"
#include "blocklists/formats/text.h"

namespace schoolgate::blocklists {
namespace {

namespace fs = std::filesystem;

struct KnownFile {
  std::string_view name;
  Format format;
};

constexpr std::array<KnownFile, 3> kSquidguard = {
    {{"domains", Format::domains}, {"urls", Format::urls}, {"expressions", Format::expressions}}};

// Of e2guardian's lists the banned ones; what it excepts or greys is no list to block.
constexpr std::array<KnownFile, 12> kE2guardian = {{{"bannedsitelist", Format::domains},
                                                    {"bannedsiteiplist", Format::domains},
                                                    {"bannedsslsitelist", Format::domains},
                                                    {"bannedsslsiteiplist", Format::domains},
                                                    {"bannedurllist", Format::urls},
                                                    {"bannedregexpurllist", Format::expressions},
                                                    {"localbannedsitelist", Format::domains},
                                                    {"localbannedsiteiplist", Format::domains},
                                                    {"localbannedurllist", Format::urls},
                                                    {"domains", Format::domains},
                                                    {"urls", Format::urls},
                                                    {"expressions", Format::expressions}}};

std::string_view without_gz(std::string_view name) noexcept {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  return name;
}

std::string_view why_left_out(std::string_view name) noexcept {
  if (name.find("exception") != std::string_view::npos) return "a list of exceptions, not to block";
  if (name.find("grey") != std::string_view::npos) return "a list to look into, not to block";
  if (name.find("phrase") != std::string_view::npos) return "phrases of page bodies";
  return "not one of the format's lists";
}

std::span<const KnownFile> known_files(Format format) noexcept {
  if (format == Format::squidguard) return kSquidguard;
  return kE2guardian;
}

const KnownFile* known_file(Format format, std::string_view name) noexcept {
  const auto known = known_files(format);
  const auto match = std::ranges::find(known, without_gz(name), &KnownFile::name);
  return match == known.end() ? nullptr : &*match;
}

void sort_in(const fs::path& path, std::string member, std::string name, Format format, ListFiles& out) {
  if (const KnownFile* known = known_file(format, name))
    out.files.push_back({path, std::move(member), std::move(name), known->format});
  else
    out.left_out.push_back({name, std::string(why_left_out(name))});
}

std::unexpected<Error> holds_none(const ListSource& source, const std::string& where) {
  return fail(Fault::config,
              where + " holds none of the lists of format '" + std::string(to_string(source.format)) + "'",
              source.format == Format::squidguard ? "expected domains, urls or expressions, plain or .gz"
                                                  : "expected bannedsitelist, bannedurllist and the like");
}

Result<ListFiles> files_in_folder(const ListSource& source, const fs::file_status& status) {
  if (!fs::is_directory(status))
    return fail(Fault::config,
                source.path.string() + " is not a folder, but format '" + std::string(to_string(source.format)) +
                    "' is a folder",
                "a folder, or an archive (tar.gz, zip) that holds one");
  std::error_code error;
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(source.path, error))
    if (entry.is_regular_file(error)) entries.push_back(entry.path());
  if (error) return fail(Fault::host, "cannot read the folder " + source.path.string() + ": " + error.message());
  std::sort(entries.begin(), entries.end());
  ListFiles out;
  for (const auto& path : entries) sort_in(path, {}, path.filename().string(), source.format, out);
  if (out.files.empty()) return holds_none(source, source.path.string());
  return out;
}

std::string_view folder_of(std::string_view member) noexcept {
  const auto slash = member.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : member.substr(0, slash);
}

std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kMostNamed = 8;
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < kMostNamed; ++i) out += (i ? ", " : "") + names[i];
  return out + (names.size() > kMostNamed ? ", …" : "");
}

// What `member:` says: without a slash at either end.
std::string_view member_of(const ListSource& source) noexcept {
  std::string_view member = source.member;
  while (member.starts_with("./")) member.remove_prefix(2);
  while (member.ends_with('/')) member.remove_suffix(1);
  return member;
}

Result<ListFiles> one_file_in(const ListSource& source, const std::vector<std::string>& names) {
  const std::string_view member = member_of(source);
  const std::string format = "format '" + std::string(to_string(source.format)) + "' is one file";
  if (member.empty())
    return fail(Fault::config, source.path.string() + " is an archive (tar or zip), and " + format,
                "say which: 'member: NAME'; it holds " + some_of(names));
  ListFiles out;
  if (std::ranges::find(names, member) != names.end()) {
    out.files.push_back({source.path, std::string(member), {}, source.format});
    out.taken = member;
    return out;
  }
  std::vector<std::string> below;
  std::ranges::copy_if(names, std::back_inserter(below),
                       [&](const std::string& name) { return name.starts_with(std::string(member) + '/'); });
  if (!below.empty())
    return fail(Fault::config, "'" + source.member + "' is a folder of the archive, and " + format,
                "say which of " + some_of(below));
  return fail(Fault::upstream, source.path.string() + " holds no '" + source.member + "'",
              "it holds " + some_of(names));
}

// The folder that is meant: the one that is named, else the only one with lists of this format in it.
Result<std::string> folder_in(const ListSource& source, const std::vector<std::string>& names) {
  if (const std::string_view member = member_of(source); !member.empty()) return std::string(member);
  std::vector<std::string> folders;
  for (const std::string& name : names) {
    const std::string folder(folder_of(name));
    const std::size_t at = folder.empty() ? 0 : folder.size() + 1;
    if (known_file(source.format, std::string_view(name).substr(at)) != nullptr &&
        std::ranges::find(folders, folder) == folders.end())
      folders.push_back(folder);
  }
  if (folders.empty()) return holds_none(source, source.path.string());
  if (folders.size() > 1)
    return fail(Fault::config, source.path.string() + " is an archive (tar or zip) with lists in several folders",
                "say which: 'member: FOLDER'; it holds " + some_of(folders));
  return folders.front();
}

Result<ListFiles> files_in_archive(const ListSource& source) {
  auto names = ArchiveMember::names(source.path);
  if (!names) return std::unexpected(std::move(names.error()));
  std::ranges::sort(*names);
  if (!is_folder_format(source.format)) return one_file_in(source, *names);
  auto folder = folder_in(source, *names);
  if (!folder) return std::unexpected(std::move(folder.error()));
  ListFiles out;
  for (const std::string& name : *names)
    if (folder_of(name) == *folder)
      sort_in(source.path, name, name.substr(folder->empty() ? 0 : folder->size() + 1), source.format, out);
  if (out.files.empty()) return holds_none(source, source.path.string() + ": " + *folder);
  for (const ListFile& file : out.files) out.taken += (out.taken.empty() ? "" : ", ") + file.member;
  return out;
}

}  // namespace

Result<LineReader> open_list_file(const ListFile& file, const ReadLimits& limits) {
  return file.member.empty() ? LineReader::open(file.path, limits)
                             : LineReader::open_member(file.path, file.member, limits);
}

Result<ListFiles> files_of(const ListSource& source) {
  std::error_code error;
  const auto status = fs::status(source.path, error);
  if (status.type() == fs::file_type::not_found)
    return fail(Fault::config, source.path.string() + " does not exist",
                "check the source of list '" + source.name + "'");
  if (fs::is_regular_file(status) && is_archive(source.path)) return files_in_archive(source);
  if (!source.member.empty())
    return fail(Fault::config, source.path.string() + " is no archive (tar, tar.gz, zip), so it has no member '" +
                                   source.member + "'");
  if (is_folder_format(source.format)) return files_in_folder(source, status);
  if (fs::is_directory(status))
    return fail(
        Fault::config,
        source.path.string() + " is a folder, but format '" + std::string(to_string(source.format)) + "' is one file",
        "name a file, or use format 'squidguard' for a folder of domains, urls and expressions");
  ListFiles out;
  out.files.push_back({source.path, {}, {}, source.format});
  return out;
}

Result<fs::path> included_file(std::string_view line, const fs::path& folder) {
  line = trimmed(line);
  constexpr std::string_view kInclude = ".Include<";
  if (!line.starts_with(kInclude)) return fs::path{};
  line.remove_prefix(kInclude.size());
  const auto end = line.find('>');
  if (end == std::string_view::npos) return fail(Fault::config, "an include without '>'");
  // Written as an absolute path of the machine it came from: the longest tail that stands in this folder is meant.
  const fs::path named(line.substr(0, end));
  std::error_code error;
  const fs::path root = fs::weakly_canonical(folder, error);
  for (auto first = named.begin(); first != named.end(); ++first) {
    fs::path tail;
    for (auto part = first; part != named.end(); ++part)
      if (*part != "/") tail /= *part;
    for (const fs::path& candidate : {root / tail, fs::path((root / tail).string() + ".gz")}) {
      const fs::path real = fs::weakly_canonical(candidate, error);
      const auto [in_root, in_real] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
      if (in_root == root.end() && in_real != real.end() && fs::is_regular_file(real, error)) return real;
    }
  }
  return fail(Fault::config, "an include of a file that is not in the folder");
}

}  // namespace schoolgate::blocklists
