#include "blocklists/sealed_file.h"

#include <array>
#include <cstring>
#include <fstream>

#include "base/file.h"
#include "blocklists/image_format.h"
#include "blocklists/list_files.h"

namespace schoolgate::blocklists {
namespace {

namespace fs = std::filesystem;

constexpr std::array<char, 8> kMagic = {'S', 'G', 'S', 'E', 'A', 'L', '1', '\n'};
constexpr std::size_t kLargest = 1u << 30;

struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint64_t digest = 0;  // over the file with this field zero
  std::array<std::uint8_t, 16> key_check{};
  std::uint64_t hosts = 0, urls = 0;  // entries that follow
  std::uint64_t lines = 0, listed_hosts = 0, listed_urls = 0, duplicates = 0, skipped = 0, rejected = 0,
                public_suffixes = 0;
};

std::uint64_t digest_of(std::string bytes) {
  std::memset(bytes.data() + offsetof(Header, digest), 0, sizeof(std::uint64_t));
  return image_digest(bytes);
}

}  // namespace

Result<void> seal_in_place(const ListSource& source, const SealedKey& key, const ReadLimits& limits) {
  const Sealer sealer(key);
  SealedList list(sealer, source, 0);
  auto files = files_of(source);
  if (!files) return std::unexpected(std::move(files.error()));
  for (const ListFile& file : files->files) {
    auto reader = open_list_file(file, limits);
    if (!reader) return std::unexpected(std::move(reader.error()));
    const auto importer = importer_for(file.format);
    const std::string no_file;
    for (LineReader::Line line; reader->next(line);)
      if (list.begin_line(no_file, line)) importer->line(line.text, list);
    if (const Error* failure = reader->failure()) return std::unexpected(*failure);
  }
  SealedContent content;
  list.finish(content.hosts, content.urls);
  content.report = std::move(list.report());
  return write_sealed_file(source.path, content, sealer);
}

Result<void> write_sealed_file(const fs::path& path, const SealedContent& content, const Sealer& sealer) {
  const ListReport& report = content.report;
  Header header;
  header.key_check = sealer.check();
  header.hosts = content.hosts.size();
  header.urls = content.urls.size();
  header.lines = report.lines;
  header.listed_hosts = report.hosts;
  header.listed_urls = report.urls;
  header.duplicates = report.duplicates;
  header.skipped = report.skipped;
  header.rejected = report.rejected;
  header.public_suffixes = report.public_suffix_count;
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  for (const auto* entries : {&content.hosts, &content.urls})
    bytes.append(reinterpret_cast<const char*>(entries->data()), entries->size() * sizeof(SealedEntry));
  header.digest = digest_of(bytes);
  std::memcpy(bytes.data(), &header, sizeof header);
  return replace_file(path, bytes);
}

bool is_sealed_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::array<char, 8> begin{};
  in.read(begin.data(), begin.size());
  return in && begin == kMagic;
}

Result<SealedContent> sealed_content_in(const fs::path& image, std::uint16_t list) {
  std::ifstream in(image, std::ios::binary);
  ImageHeader header;
  in.read(reinterpret_cast<char*>(&header), sizeof header);
  SealedContent out;
  for (auto [section, entries] :
       {std::pair(Section::sealed_hosts, &out.hosts), std::pair(Section::sealed_urls, &out.urls)}) {
    const SectionRecord& where = header.table[static_cast<std::size_t>(section)];
    if (!in || where.size > kLargest) break;
    std::vector<SealedEntry> all(where.size / sizeof(SealedEntry));
    in.seekg(static_cast<std::streamoff>(where.offset));
    in.read(reinterpret_cast<char*>(all.data()), static_cast<std::streamsize>(where.size));
    for (SealedEntry entry : all) {
      const auto member = static_cast<std::uint16_t>(entry.tag_and_list);
      if ((member & ~kUrlsBelow) != list) continue;
      entry.tag_and_list -= list;  // a sealed file says list 0
      entries->push_back(entry);
    }
  }
  if (!in) return fail(Fault::host, "cannot read " + image.string());
  return out;
}

Result<SealedContent> read_sealed_file(const fs::path& path, const Sealer& sealer) {
  const auto bytes = read_file(path, kLargest);
  if (!bytes) return std::unexpected(bytes.error());
  const auto refuse = [&](const char* what) {
    return fail(Fault::config, "the sealed list " + path.filename().string() + " " + what, "fetch it again");
  };
  Header header;
  if (bytes->size() < sizeof header) return refuse("is damaged");
  std::memcpy(&header, bytes->data(), sizeof header);
  const std::uint64_t entries = (bytes->size() - sizeof header) / sizeof(SealedEntry);
  if (header.magic != kMagic || header.digest != digest_of(*bytes) || header.hosts > entries ||
      header.urls != entries - header.hosts)
    return refuse("is damaged");
  if (header.key_check != sealer.check()) return refuse("was made with another key");
  SealedContent out;
  out.hosts.resize(header.hosts);
  out.urls.resize(header.urls);
  const char* at = bytes->data() + sizeof header;
  if (header.hosts != 0) std::memcpy(out.hosts.data(), at, header.hosts * sizeof(SealedEntry));
  if (header.urls != 0)
    std::memcpy(out.urls.data(), at + header.hosts * sizeof(SealedEntry), header.urls * sizeof(SealedEntry));
  out.report.lines = header.lines;
  out.report.hosts = header.listed_hosts;
  out.report.urls = header.listed_urls;
  out.report.duplicates = header.duplicates;
  out.report.skipped = header.skipped;
  out.report.rejected = header.rejected;
  out.report.public_suffix_count = header.public_suffixes;
  return out;
}

}  // namespace schoolgate::blocklists
