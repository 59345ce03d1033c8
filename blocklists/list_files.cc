#include "blocklists/list_files.h"

#include <algorithm>
#include <array>
#include <optional>

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

}  // namespace

Result<ListFiles> files_of(const ListSource& source) {
  std::error_code error;
  const auto status = fs::status(source.path, error);
  if (status.type() == fs::file_type::not_found)
    return fail(Fault::config, source.path.string() + " does not exist",
                "check the source of list '" + source.name + "'");
  ListFiles out;
  if (!is_folder_format(source.format)) {
    if (fs::is_directory(status))
      return fail(
          Fault::config,
          source.path.string() + " is a folder, but format '" + std::string(to_string(source.format)) + "' is one file",
          "name a file, or use format 'squidguard' for a folder of domains, urls and expressions");
    out.files.push_back({source.path, {}, source.format});
    return out;
  }
  if (!fs::is_directory(status))
    return fail(Fault::config, source.path.string() + " is not a folder, but format '" +
                                   std::string(to_string(source.format)) + "' is a folder");
  const std::span<const KnownFile> known = source.format == Format::squidguard
                                               ? std::span<const KnownFile>(kSquidguard)
                                               : std::span<const KnownFile>(kE2guardian);
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(source.path, error))
    if (entry.is_regular_file(error)) entries.push_back(entry.path());
  if (error) return fail(Fault::host, "cannot read the folder " + source.path.string() + ": " + error.message());
  std::sort(entries.begin(), entries.end());
  for (const auto& path : entries) {
    const std::string name = path.filename().string();
    const auto match =
        std::find_if(known.begin(), known.end(), [&](const KnownFile& k) { return k.name == without_gz(name); });
    if (match != known.end())
      out.files.push_back({path, name, match->format});
    else
      out.left_out.push_back({name, std::string(why_left_out(name))});
  }
  if (out.files.empty())
    return fail(
        Fault::config,
        source.path.string() + " holds none of the lists of format '" + std::string(to_string(source.format)) + "'",
        source.format == Format::squidguard ? "expected domains, urls or expressions, plain or .gz"
                                            : "expected bannedsitelist, bannedurllist and the like");
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
