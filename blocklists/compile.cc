#include "blocklists/compile.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "base/ascii.h"
#include "base/digest.h"
#include "base/file.h"
#include "blocklists/fingerprint_table.h"
#include "blocklists/image_writer.h"
#include "blocklists/key_filter.h"
#include "blocklists/key_sorter.h"
#include "blocklists/list_files.h"
#include "blocklists/open_list.h"
#include "blocklists/patterns.h"
#include "blocklists/sealed_file.h"
#include "blocklists/sealed_list.h"
#include "blocklists/wildcards.h"

namespace schoolgate::blocklists {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kTellEvery = 1 << 16;  // lines between two calls of progress
constexpr int kDeepestInclude = 4;

// The sets of lists that entries belong to, numbered in the order in which they first occur.
class ListSets {
 public:
  // Empty when all 16-bit numbers are taken.
  std::optional<std::uint16_t> number_of(const std::vector<std::uint16_t>& members) {
    const auto known = numbers_.find(members);
    if (known != numbers_.end()) return known->second;
    if (numbers_.size() > 0xFFFF) return {};
    const auto number = static_cast<std::uint16_t>(numbers_.size());
    numbers_.emplace(members, number);
    members_.insert(members_.end(), members.begin(), members.end());
    offsets_.push_back(static_cast<std::uint32_t>(members_.size()));
    return number;
  }
  [[nodiscard]] std::span<const std::uint32_t> offsets() const noexcept { return offsets_; }
  [[nodiscard]] std::span<const std::uint16_t> members() const noexcept { return members_; }

 private:
  std::map<std::vector<std::uint16_t>, std::uint16_t> numbers_;
  std::vector<std::uint32_t> offsets_{0};
  std::vector<std::uint16_t> members_;
};

class TextPool {
 public:
  TextRef add(std::string_view text) {
    const TextRef ref{static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(text.size())};
    bytes_ += text;
    return ref;
  }
  [[nodiscard]] std::span<const char> bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

class Compiler {
 public:
  Compiler(std::span<const ListSource> sources, const fs::path& image, const CompileOptions& options)
      : sources_(sources),
        image_(image),
        options_(options),
        hosts_(options.sort_memory, image.has_parent_path() ? image.parent_path() : fs::path(".")),
        urls_(options.sort_memory / 4, image.has_parent_path() ? image.parent_path() : fs::path(".")) {}

  /// The source whose turn it was when run() failed, where that can have been its own fault.
  [[nodiscard]] std::optional<std::size_t> at_fault() const noexcept { return at_fault_; }

  Result<CompileReport> run() {
    if (auto checked = check_sources(); !checked) return std::unexpected(std::move(checked.error()));
    if (auto salted = choose_salt(); !salted) return std::unexpected(std::move(salted.error()));
    // Every list alone is a set, so that an entry of lists whose set found no number can be split into these.
    for (std::uint16_t list = 0; list < sources_.size(); ++list) {
      (void)sets_.number_of({list});
      (void)sets_.number_of({static_cast<std::uint16_t>(list | kUrlsBelow)});
    }
    for (std::uint16_t list = 0; list < sources_.size(); ++list)
      if (auto read = read_list(list); !read) return std::unexpected(std::move(read.error()));
    at_fault_.reset();
    return write();
  }

 private:
  Result<void> check_sources() const {
    if (sources_.size() > kMaxLists)
      return fail(Fault::config, "more than " + std::to_string(kMaxLists) + " lists", "join some");
    std::set<std::string_view> names;
    for (const ListSource& source : sources_) {
      if (!names.insert(source.name).second) return fail(Fault::config, "two lists are called '" + source.name + "'");
      if (source.sealed && !options_.sealed_key)
        return fail(Fault::config, "list '" + source.name + "' is sealed, but no key was given",
                    "the key is made in the state folder");
    }
    return {};
  }

  // From what is compiled, so that the same input gives the same image, and another input unrelated keys.
  Result<void> choose_salt() {
    Sha256Stream hash;
    const auto field = [&hash](std::string_view text) {
      const std::uint64_t size = text.size();
      hash.update({reinterpret_cast<const char*>(&size), sizeof size});
      hash.update(text);
    };
    for (const ListSource& source : sources_) {
      at_fault_ = static_cast<std::size_t>(&source - sources_.data());
      field(source.name);
      field(source.category);
      field(to_string(source.format));
      if (!source.member.empty()) field(source.member);
      if (source.sealed && is_sealed_file(source.path)) continue;
      auto files = files_of(source);
      if (!files) return std::unexpected(std::move(files.error()));
      for (const ListFile& file : files->files) {
        auto reader = open_list_file(file);
        if (!reader) return std::unexpected(std::move(reader.error()));
        bytes_total_ += reader->size();
        if (source.sealed) continue;  // nothing of a sealed text may be derivable from the image
        std::error_code error;
        field(file.name);
        hash_file(hash, file.path);
      }
    }
    const Sha256 digest = hash.finish();
    std::memcpy(&salt_, digest.data(), sizeof salt_);
    return {};
  }

  static void hash_file(Sha256Stream& hash, const fs::path& path) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
    std::vector<char> buffer(256u << 10);
    while (file != nullptr) {
      const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get());
      if (got == 0) break;  // a source that cannot be read is found out by its reader
      hash.update({buffer.data(), got});
    }
  }

  Result<void> read_list(std::uint16_t number) {
    const ListSource& source = sources_[number];
    at_fault_ = number;
    std::optional<Sealer> sealer;
    std::unique_ptr<ListIntake> intake;
    if (source.sealed) {
      sealer.emplace(*options_.sealed_key);
      // What is left of a folder is a file too.
      if (is_sealed_file(source.path)) return read_sealed(source, *sealer, number);
      intake = std::make_unique<SealedList>(*sealer, source, number);
    } else {
      intake = std::make_unique<OpenList>(salt_, source);
    }
    auto files = files_of(source);
    if (!files) return std::unexpected(std::move(files.error()));
    for (const ListFile& file : files->files)
      if (auto read = read_file(source, file, *intake, 0); !read) return read;
    intake->report().taken = files->taken;
    for (const LeftOut& left : files->left_out) {
      intake->at(left.name, 0, {});
      intake->skip("file left out: " + left.reason);
    }
    entries_ += intake->entries();
    if (source.sealed) {
      static_cast<SealedList&>(*intake).finish(sealed_hosts_, sealed_urls_);
    } else if (auto kept = keep(static_cast<OpenList&>(*intake), number); !kept) {
      at_fault_.reset();  // the disk's
      return kept;
    }
    reports_.push_back(std::move(intake->report()));
    return {};
  }

  // A list of which only the tags are left.
  Result<void> read_sealed(const ListSource& source, const Sealer& sealer, std::uint16_t number) {
    auto content = read_sealed_file(source.path, sealer);
    if (!content) return std::unexpected(std::move(content.error()));
    for (auto [from, to] : {std::pair(&content->hosts, &sealed_hosts_), std::pair(&content->urls, &sealed_urls_)})
      for (SealedEntry entry : *from) {
        entry.tag_and_list |= number;  // it says list 0
        to->push_back(entry);
      }
    content->report.name = source.name;
    content->report.category = source.category;
    entries_ += content->report.accepted();
    reports_.push_back(std::move(content->report));
    return {};
  }

  Result<void> keep(OpenList& list, std::uint16_t number) {
    Result<void> result;
    const auto add = [&result](KeySorter& sorter, std::uint64_t key, std::uint16_t value) {
      if (result) result = sorter.add({key, value});
    };
    list.finish({.host = [&](std::uint64_t key) { add(hosts_, key, number); },
                 .url = [&](std::uint64_t key) { add(urls_, key, number); },
                 .url_host = [&](std::uint64_t key) { add(hosts_, key, number | kUrlsBelow); }});
    for (const OpenList::Exception& exception : list.exceptions())
      exceptions_.push_back({exception.key, number, exception.flags, 0});
    for (const OpenList::Pattern& pattern : list.patterns())
      patterns_.push_back({text_.add(pattern.text), number, pattern_flags(pattern.text, pattern.whole_url), 0});
    header_.deepest_host = std::max(header_.deepest_host, list.deepest_host());
    header_.deepest_path = std::max(header_.deepest_path, list.deepest_path());
    for (std::size_t i = 0; i < 3; ++i) header_.network_lengths[i] |= list.network_lengths()[i];
    return result;
  }

  Result<void> read_file(const ListSource& source, const ListFile& file, ListIntake& intake, int depth) {
    auto reader = open_list_file(file, options_.limits);
    if (!reader) return std::unexpected(std::move(reader.error()));
    const std::unique_ptr<LineImporter> importer = importer_for(file.format);
    LineReader::Line line;
    std::uint64_t told = 0;
    while (reader->next(line)) {
      if (intake.begin_line(file.name, line) &&
          (source.format != Format::e2guardian || !e2guardian_line(source, file, line, intake, depth)))
        importer->line(line.text, intake);
      if (++told % kTellEvery == 0) {
        tell(source.name, bytes_done_ + reader->consumed(), entries_ + intake.entries());
        if (entries_ + intake.entries() > options_.max_entries)
          return fail(Fault::config, "more than " + std::to_string(options_.max_entries) + " entries");
      }
      if (included_failure_) return std::unexpected(std::move(*included_failure_));
    }
    if (const Error* failure = reader->failure()) return std::unexpected(*failure);
    bytes_done_ += reader->consumed();
    tell(source.name, bytes_done_, entries_ + intake.entries());
    return {};
  }

  // What e2guardian's files hold beside entries. False when the line is an entry.
  bool e2guardian_line(const ListSource& source, const ListFile& file, const LineReader::Line& line, ListIntake& intake,
                       int depth) {
    if (line.text.starts_with("*")) {
      const auto rest = line.text.find_first_not_of('*');
      if (rest == std::string_view::npos || line.text.find('.') == std::string_view::npos)
        return intake.skip("a blanket block"), true;
    }
    if (!file.member.empty() && trimmed(line.text).starts_with(".Include<"))
      return intake.reject("an include inside an archive"), true;
    auto included = included_file(line.text, source.path);
    if (!included) return intake.reject(included.error().what), true;
    if (included->empty()) return false;
    if (depth == kDeepestInclude) return intake.reject("includes nested too deep"), true;
    const ListFile inner{*included, {}, included->filename().string(), file.format};
    if (auto read = read_file(source, inner, intake, depth + 1); !read) included_failure_ = std::move(read.error());
    return true;
  }

  // The one entry that every image has: see knows_wildcards().
  Result<void> mark_wildcards_known() {
    if (sources_.empty()) return {};
    HashState state(salt_);
    state.absorb(kWildcardsKnown);
    ImageHeader& header = header_;
    header.deepest_host = std::max(header.deepest_host, std::uint32_t{1});
    return hosts_.add({state.finish(HashDomain::host), kUrlsBelow});  // as one of the first list
  }

  Result<CompileReport> write() {
    CompileReport report;
    if (auto marked = mark_wildcards_known(); !marked) return std::unexpected(std::move(marked.error()));
    FingerprintTableBuilder hosts(hosts_.size()), urls(urls_.size());
    std::vector<std::uint64_t> filter = KeyFilter::room_for(hosts_.size());
    if (auto built = build(hosts_, hosts, report.host_keys, &filter); !built)
      return std::unexpected(std::move(built.error()));
    if (auto built = build(urls_, urls, report.url_keys, nullptr); !built)
      return std::unexpected(std::move(built.error()));
    std::sort(sealed_hosts_.begin(), sealed_hosts_.end());
    sealed_hosts_.erase(std::unique(sealed_hosts_.begin(), sealed_hosts_.end()), sealed_hosts_.end());
    std::sort(sealed_urls_.begin(), sealed_urls_.end());
    std::vector<ListRecord> lists;
    for (std::size_t i = 0; i < sources_.size(); ++i) lists.push_back(record(sources_[i], reports_[i]));
    header_.salt = salt_;
    if (!sealed_hosts_.empty() || !sealed_urls_.empty())
      header_.sealed_key_check = Sealer(*options_.sealed_key).check();

    sort_exceptions();
    const auto write_image = [&]() -> Result<void> {
      ImageWriter writer(header_);
      writer.add(Section::lists, std::span<const ListRecord>(lists));
      writer.add(Section::text, text_.bytes());
      writer.add(Section::set_offsets, sets_.offsets());
      writer.add(Section::set_members, sets_.members());
      writer.add(Section::host_directory, std::span<const std::uint32_t>(hosts.directory()));
      writer.add(Section::host_entries, std::span<const std::uint64_t>(hosts.entries()));
      writer.add(Section::host_filter, std::span<const std::uint64_t>(filter));
      writer.add(Section::url_directory, std::span<const std::uint32_t>(urls.directory()));
      writer.add(Section::url_entries, std::span<const std::uint64_t>(urls.entries()));
      writer.add(Section::patterns, std::span<const PatternRecord>(patterns_));
      writer.add(Section::sealed_hosts, std::span<const SealedEntry>(sealed_hosts_));
      writer.add(Section::sealed_urls, std::span<const SealedEntry>(sealed_urls_));
      writer.add(Section::exceptions, std::span<const ExceptionRecord>(exceptions_));
      const std::string bytes = writer.finish();
      ImageHeader header;
      std::memcpy(&header, bytes.data(), sizeof header);
      report.checksum = to_hex(header.content_sha256);
      report.image_bytes = bytes.size();
      return replace_file(image_, bytes);
    };
    if (auto written = write_image(); !written) return std::unexpected(std::move(written.error()));
    if (options_.spare) {
      const auto draft = CategoryDb::open(image_, options_.sealed_key);
      if (!draft) return std::unexpected(draft.error());
      if (add_spared(options_.spare(**draft)))
        if (auto written = write_image(); !written) return std::unexpected(std::move(written.error()));
    }
    report.lists = std::move(reports_);
    return report;
  }

  // True when the lists leave something alone now that they did not before.
  bool add_spared(const std::vector<SparedSite>& spared) {
    const std::size_t before = exceptions_.size();
    for (const SparedSite& site : spared) {
      if (site.list >= sources_.size() || sources_[site.list].sealed) continue;
      exceptions_.push_back(
          {place_key(salt_, site.at, site.with_path), site.list, site.with_path ? kExceptUrl : std::uint16_t{0}, 0});
    }
    sort_exceptions();
    return exceptions_.size() != before;
  }

  void sort_exceptions() {
    std::ranges::sort(exceptions_);
    const auto repeated = std::ranges::unique(exceptions_);
    exceptions_.erase(repeated.begin(), repeated.end());
  }

  // Joins what the lists say of one key into one entry.
  Result<void> build(KeySorter& sorter, FingerprintTableBuilder& table, std::uint64_t& keys,
                     std::vector<std::uint64_t>* filter) {
    std::uint64_t key = 0;
    std::vector<std::uint16_t> members;
    const auto close = [&] {
      if (members.empty()) return;
      keys += (members.front() & kUrlsBelow) == 0;  // they ascend: else no list names the host itself
      if (filter != nullptr) KeyFilter::add(*filter, key);
      if (const auto number = sets_.number_of(members))
        table.add(key, *number);
      else
        for (const std::uint16_t member : members) table.add(key, *sets_.number_of({member}));
      members.clear();
    };
    auto drained = sorter.drain([&](const KeyedList& pair) {
      if (pair.key != key) close();
      key = pair.key;
      if (members.empty() || members.back() != pair.list) members.push_back(pair.list);
    });
    if (!drained) return drained;
    close();
    table.finish();
    return {};
  }

  ListRecord record(const ListSource& source, const ListReport& report) {
    ListRecord out;
    out.name = text_.add(source.name);
    out.category = text_.add(source.category);
    out.source = text_.add(source.origin.empty() ? source.path.string() : source.origin);
    out.hosts = report.hosts;
    out.urls = report.urls;
    out.patterns = report.patterns;
    out.skipped = report.skipped;
    out.rejected = report.rejected;
    out.public_suffixes = report.public_suffix_count;
    out.fetched_ms = source.fetched.time_since_epoch().count();
    out.sealed = source.sealed;
    return out;
  }

  void tell(std::string_view list, std::uint64_t done, std::uint64_t entries) const {
    if (options_.progress) options_.progress({list, done, bytes_total_, entries});
  }

  std::span<const ListSource> sources_;
  const fs::path& image_;
  const CompileOptions& options_;
  HashKey salt_;
  KeySorter hosts_, urls_;
  ListSets sets_;
  TextPool text_;
  ImageHeader header_;
  std::vector<PatternRecord> patterns_;
  std::vector<SealedEntry> sealed_hosts_, sealed_urls_;
  std::vector<ExceptionRecord> exceptions_;
  std::vector<ListReport> reports_;
  std::optional<Error> included_failure_;
  std::optional<std::size_t> at_fault_;
  std::uint64_t bytes_total_ = 0, bytes_done_ = 0, entries_ = 0;
};

}  // namespace

Result<CompileReport> compile(std::span<const ListSource> sources, const fs::path& image,
                              const CompileOptions& options) {
  return Compiler(sources, image, options).run();
}

std::expected<CompileReport, CompileFailure> try_compile(std::span<const ListSource> sources, const fs::path& image,
                                                         const CompileOptions& options) {
  Compiler compiler(sources, image, options);
  auto report = compiler.run();
  if (report) return std::move(*report);
  return std::unexpected(CompileFailure{std::move(report.error()), compiler.at_fault()});
}

}  // namespace schoolgate::blocklists
