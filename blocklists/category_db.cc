#include "blocklists/category_db.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "base/digest.h"
#include "blocklists/fingerprint_table.h"
#include "blocklists/image_format.h"
#include "blocklists/image_writer.h"
#include "blocklists/key_filter.h"
#include "blocklists/keyed_hash.h"
#include "blocklists/open_list.h"
#include "blocklists/patterns.h"
#include "blocklists/sealed_list.h"

namespace schoolgate::blocklists {
namespace {

// A read-only mapping of a whole file. Images are replaced by renaming, never changed in place.
class Mapping {
 public:
  Mapping() = default;
  Mapping(void* at, std::size_t size) noexcept : at_(at), size_(size) {}
  ~Mapping() {
    if (size_ != 0) ::munmap(at_, size_);
  }
  Mapping(Mapping&& other) noexcept : at_(std::exchange(other.at_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(size_, other.size_);
    return *this;
  }
  [[nodiscard]] std::string_view bytes() const noexcept { return {static_cast<const char*>(at_), size_}; }

  static Result<Mapping> of(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return fail_errno("cannot open the image " + path.string(), errno, "run 'schoolgate lists update'");
    struct stat about{};
    if (::fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
      ::close(fd);
      return fail(Fault::config, path.string() + " is not a regular file");
    }
    if (std::size_t(about.st_size) < sizeof(ImageHeader)) {
      ::close(fd);
      return fail(Fault::config, path.string() + " is too short for a list image", "compile the lists again");
    }
    // Read ahead and mapped at once: every byte is about to be looked at by the digest.
    void* at = ::mmap(nullptr, std::size_t(about.st_size), PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    const int error = errno;
    ::close(fd);
    if (at == MAP_FAILED) return fail_errno("cannot map the image " + path.string(), error);
    return Mapping(at, std::size_t(about.st_size));
  }

 private:
  void* at_ = nullptr;
  std::size_t size_ = 0;
};

template <class Unwanted>
void remove_if(Matches& matches, Unwanted&& unwanted) noexcept {
  if (std::ranges::none_of(matches.items(), unwanted)) return;
  std::array<Match, Matches::kCapacity> kept;
  const auto [from, end] = std::ranges::remove_copy_if(matches.items(), kept.begin(), unwanted);
  matches.clear();
  std::for_each(kept.begin(), end, [&](const Match& match) { matches.add(match); });
}

constexpr std::size_t kMostLabels = 128;  // a name of 253 bytes has at most 127

}  // namespace

struct CategoryDb::Impl {
  Mapping mapping;
  ImageHeader header;
  std::vector<ListInfo> lists;
  std::string checksum;
  FingerprintTable hosts, urls;
  KeyFilter filter;  // over the keys of `hosts`
  std::span<const std::uint32_t> set_offsets;
  std::span<const std::uint16_t> set_members;
  std::span<const PatternRecord> pattern_records;
  std::vector<std::string_view> pattern_texts;
  std::vector<std::uint16_t> pattern_lists;  // each list with patterns, once
  std::unique_ptr<const PatternSet> patterns;
  std::span<const SealedEntry> sealed_hosts, sealed_urls;
  std::span<const ExceptionRecord> exceptions;
  bool url_exceptions = false;  // some of them are of a path
  std::optional<Sealer> sealer;

  // One suffix of the asked host.
  struct Probe {
    HashState state;
    std::uint64_t key;
    std::uint32_t begin;  // where the suffix begins in the host
  };

  [[nodiscard]] Result<void> read(std::string_view bytes);
  [[nodiscard]] Result<void> read_header(std::string_view bytes);
  [[nodiscard]] Result<void> read_lists(std::span<const ListRecord> records, std::span<const char> text);
  /// After read_lists().
  [[nodiscard]] Result<void> read_patterns(std::span<const PatternRecord> records, std::span<const char> text);

  template <class T>
  [[nodiscard]] std::optional<std::span<const T>> section(std::string_view bytes, Section which) const {
    const SectionRecord& record = header.table[static_cast<std::size_t>(which)];
    if (record.offset > bytes.size() || record.size > bytes.size() - record.offset || record.offset % 64 != 0 ||
        record.size % sizeof(T) != 0)
      return {};
    return std::span<const T>(reinterpret_cast<const T*>(bytes.data() + record.offset), record.size / sizeof(T));
  }

  [[nodiscard]] std::span<const std::uint16_t> set(std::uint16_t number) const noexcept {
    if (std::size_t{number} + 1 >= set_offsets.size()) return {};
    return set_members.subspan(set_offsets[number], set_offsets[number + 1u] - set_offsets[number]);
  }

  // Calls take(suffix, its lists, its state) for every listed suffix of the host, the shortest first.
  template <class Take>
  void each_listed_suffix(std::string_view host, bool is_address, Take&& take) const noexcept {
    if (hosts.empty()) return;
    // Not initialised: only the first `count` are read.
    alignas(Probe) std::byte room[kMostLabels * sizeof(Probe)];
    auto* probes = reinterpret_cast<Probe*>(room);
    std::size_t count = 0;
    const std::size_t most = std::min<std::size_t>(kMostLabels, header.deepest_host);
    // The loads of all filter words are under way before the first is waited for.
    for (SuffixWalk walk(header.salt, host, is_address); count < most && walk.next(); ++count) {
      const std::uint64_t key = walk.state().finish(HashDomain::host);
      filter.prefetch(key);
      new (&probes[count]) Probe{walk.state(), key, static_cast<std::uint32_t>(host.size() - walk.suffix().size())};
    }
    for (std::size_t i = 0; i < count; ++i)
      if (filter.may_have(probes[i].key))
        hosts.find(Slot::of(probes[i].key, hosts.buckets()),
                   [&](std::uint16_t number) { take(host.substr(probes[i].begin), set(number), probes[i].state); });
  }

  template <class Take>
  void each_listed_network(const names::IpAddress& address, Take&& take) const noexcept {
    for (std::size_t word = 0; word < 3; ++word)
      for (std::uint64_t bits = header.network_lengths[word]; bits != 0; bits &= bits - 1) {
        const int length = int(word * 64) + std::countr_zero(bits);
        hosts.find(Slot::of(network_key(header.salt, address, length), hosts.buckets()),
                   [&](std::uint16_t number) { take(length, set(number)); });
      }
  }

  template <class Take>
  void each_url_list(std::string_view host, Take&& take) const noexcept;
  void lookup_urls(const names::Url& url, std::string_view suffix, const HashState& state,
                   Matches& matches) const noexcept;
  void lookup_sealed(const names::Url& url, Matches& matches) const noexcept;
  void leave_out(const names::Url& url, Matches& matches) const noexcept;
  struct ExceptedPlace {
    std::uint64_t key = 0;
    std::uint16_t of_url = 0;
    std::size_t reach = 0;  // how many bytes of host and path it has, to be held against an entry's
    bool below = false;     // what is asked for lies under its host
  };
  void apply_exceptions(const ExceptedPlace& place, Matches& matches) const noexcept;
  template <class Found>
  void find_sealed(std::span<const SealedEntry> entries, const SealedEntry& tag, Found&& found) const noexcept {
    for (auto at = std::lower_bound(entries.begin(), entries.end(), tag);
         at != entries.end() && at->tag == tag.tag && at->tag_and_list >> 16 == tag.tag_and_list >> 16; ++at)
      found(static_cast<std::uint16_t>(at->tag_and_list));
  }
};

namespace {

std::unexpected<Error> refuse_image(std::string why) {
  return fail(Fault::config, "the list image " + std::move(why), "compile the lists again, or roll back");
}

std::optional<std::string_view> text_at(std::span<const char> text, const TextRef& ref) {
  if (ref.offset > text.size() || ref.size > text.size() - ref.offset) return {};
  return std::string_view(text.data() + ref.offset, ref.size);
}

}  // namespace

Result<void> CategoryDb::Impl::read(std::string_view bytes) {
  if (auto good = read_header(bytes); !good) return good;
  // The digest is right, so what follows holds unless the compiler is wrong; a wrong one must not crash the gateway.
  const auto text = section<char>(bytes, Section::text);
  const auto records = section<ListRecord>(bytes, Section::lists);
  const auto offsets = section<std::uint32_t>(bytes, Section::set_offsets);
  const auto members = section<std::uint16_t>(bytes, Section::set_members);
  const auto host_directory = section<std::uint32_t>(bytes, Section::host_directory);
  const auto host_entries = section<std::uint64_t>(bytes, Section::host_entries);
  const auto host_filter = section<std::uint64_t>(bytes, Section::host_filter);
  const auto url_directory = section<std::uint32_t>(bytes, Section::url_directory);
  const auto url_entries = section<std::uint64_t>(bytes, Section::url_entries);
  const auto pattern_section = section<PatternRecord>(bytes, Section::patterns);
  const auto sealed_host_section = section<SealedEntry>(bytes, Section::sealed_hosts);
  const auto sealed_url_section = section<SealedEntry>(bytes, Section::sealed_urls);
  const auto exception_section = section<ExceptionRecord>(bytes, Section::exceptions);
  if (!exception_section || !text || !records || !offsets || !members || !host_directory || !host_entries ||
      !host_filter || !url_directory || !url_entries || !pattern_section || !sealed_host_section || !sealed_url_section)
    return refuse_image("has a section outside the file");
  if (auto done = read_lists(*records, *text); !done) return done;
  for (std::size_t i = 0; i < offsets->size(); ++i)
    if ((*offsets)[i] > members->size() || (i != 0 && (*offsets)[i] < (*offsets)[i - 1]))
      return refuse_image("has a set outside the file");
  for (const std::uint16_t member : *members)
    if ((member & ~kUrlsBelow) >= int(lists.size())) return refuse_image("names a list that it does not hold");
  if (auto done = read_patterns(*pattern_section, *text); !done) return done;
  set_offsets = *offsets;
  set_members = *members;
  hosts = FingerprintTable(*host_directory, *host_entries);
  filter = KeyFilter(*host_filter);
  urls = FingerprintTable(*url_directory, *url_entries);
  sealed_hosts = *sealed_host_section;
  sealed_urls = *sealed_url_section;
  for (const ExceptionRecord& record : *exception_section) {
    if (record.list >= lists.size()) return refuse_image("leaves something alone for a list that it does not hold");
    url_exceptions |= (record.flags & kExceptUrl) != 0;
  }
  exceptions = *exception_section;
  return {};
}

Result<void> CategoryDb::Impl::read_header(std::string_view bytes) {
  if (bytes.size() < sizeof header) return refuse_image("is too short");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kImageMagic) return refuse_image("is not one: it does not begin as one");
  if (header.version != kImageVersion || header.sections != kSections)
    return refuse_image("has version " + std::to_string(header.version) + ", this program reads " +
                        std::to_string(kImageVersion));
  if (header.file_size != bytes.size())
    return refuse_image("should have " + std::to_string(header.file_size) + " bytes, but has " +
                        std::to_string(bytes.size()));
  if (header.digest != whole_image_digest(header, bytes)) return refuse_image("is damaged: its checksum is wrong");
  checksum = to_hex(header.content_sha256);
  return {};
}

Result<void> CategoryDb::Impl::read_lists(std::span<const ListRecord> records, std::span<const char> text) {
  if (records.size() > kMaxLists) return refuse_image("has too many lists");
  for (const ListRecord& record : records) {
    const auto name = text_at(text, record.name), category = text_at(text, record.category),
               source = text_at(text, record.source);
    if (!name || !category || !source) return refuse_image("names a text outside the file");
    ListInfo info;
    info.name = *name;
    info.category = *category;
    info.source = *source;
    info.sealed = record.sealed != 0;
    info.hosts = record.hosts;
    info.urls = record.urls;
    info.patterns = record.patterns;
    info.skipped = record.skipped;
    info.rejected = record.rejected;
    info.public_suffixes = record.public_suffixes;
    info.fetched = TimePoint(std::chrono::milliseconds(record.fetched_ms));
    lists.push_back(std::move(info));
  }
  return {};
}

Result<void> CategoryDb::Impl::read_patterns(std::span<const PatternRecord> records, std::span<const char> text) {
  std::vector<PatternSet::Item> items;
  for (const PatternRecord& record : records) {
    const auto pattern = text_at(text, record.text);
    if (!pattern || record.list >= lists.size()) return refuse_image("has a pattern outside the file");
    items.push_back({*pattern, record.flags});
    pattern_texts.push_back(*pattern);
    if ((record.flags & kOverHost) == 0 && (pattern_lists.empty() || pattern_lists.back() != record.list))
      pattern_lists.push_back(record.list);
  }
  auto built = PatternSet::build(items);
  if (!built) return std::unexpected(std::move(built.error()));
  patterns = std::move(*built);
  pattern_records = records;
  return {};
}

CategoryDb::CategoryDb() : impl_(std::make_unique<Impl>()) {}
CategoryDb::~CategoryDb() = default;

Result<std::shared_ptr<const CategoryDb>> CategoryDb::open(const std::filesystem::path& image,
                                                           const std::optional<SealedKey>& sealed_key) {
  auto mapping = Mapping::of(image);
  if (!mapping) return std::unexpected(std::move(mapping.error()));
  std::shared_ptr<CategoryDb> db(new CategoryDb);
  db->impl_->mapping = std::move(*mapping);
  if (auto read = db->impl_->read(db->impl_->mapping.bytes()); !read) {
    Error error = std::move(read.error());
    error.what = image.string() + ": " + error.what;
    return std::unexpected(std::move(error));
  }
  if (auto keyed = db->unseal(sealed_key); !keyed) return std::unexpected(std::move(keyed.error()));
  return db;
}

Result<std::shared_ptr<const CategoryDb>> CategoryDb::over(std::string_view image,
                                                           const std::optional<SealedKey>& sealed_key) {
  std::shared_ptr<CategoryDb> db(new CategoryDb);
  if (auto read = db->impl_->read(image); !read) return std::unexpected(std::move(read.error()));
  if (auto keyed = db->unseal(sealed_key); !keyed) return std::unexpected(std::move(keyed.error()));
  return db;
}

Result<void> CategoryDb::unseal(const std::optional<SealedKey>& key) {
  Impl& impl = *impl_;
  if (impl.sealed_hosts.empty() && impl.sealed_urls.empty()) return {};
  if (!key)
    return fail(Fault::config, "the list image holds sealed lists, but their key was not given",
                "the key is in the state folder of the gateway that compiled it");
  impl.sealer.emplace(*key);
  if (impl.sealer->check() != impl.header.sealed_key_check)
    return fail(Fault::config, "the sealed lists of the image were made with another key", "compile the lists again");
  return {};
}

std::shared_ptr<const CategoryDb> CategoryDb::empty() {
  static const std::shared_ptr<const CategoryDb> none = [] {
    std::shared_ptr<CategoryDb> db(new CategoryDb);
    db->impl_->checksum = to_hex(sha256({}));
    return db;
  }();
  return none;
}

std::span<const ListInfo> CategoryDb::lists() const noexcept { return impl_->lists; }
const std::string& CategoryDb::checksum() const noexcept { return impl_->checksum; }

void CategoryDb::lookup(const names::Url& url, Matches& matches, bool& undecided) const noexcept {
  const Impl& impl = *impl_;
  const std::string_view host = url.host();
  impl.each_listed_suffix(host, url.address().has_value(),
                          [&](std::string_view suffix, std::span<const std::uint16_t> lists, const HashState& state) {
                            bool urls_below = false;
                            for (const std::uint16_t list : lists) {
                              if (list & kUrlsBelow)
                                urls_below = true;
                              else
                                matches.add({list, Match::Kind::host, suffix});
                            }
                            if (urls_below && !url.names_only()) impl.lookup_urls(url, suffix, state, matches);
                          });
  if (url.address() && !impl.hosts.empty())
    impl.each_listed_network(*url.address(), [&](int length, std::span<const std::uint16_t> lists) {
      for (const std::uint16_t list : lists)
        if (!(list & kUrlsBelow)) matches.add({list, Match::Kind::host, host, static_cast<std::uint8_t>(length)});
    });
  if (impl.sealer) impl.lookup_sealed(url, matches);
  if (impl.patterns)
    impl.patterns->match(
        url,
        [&](std::size_t index) {
          matches.add({impl.pattern_records[index].list, Match::Kind::pattern, impl.pattern_texts[index]});
        },
        undecided);
  // What overflowed is answered strictly as it is: some of it is not here to be left out.
  if (!impl.exceptions.empty() && !matches.items().empty() && !matches.overflowed()) impl.leave_out(url, matches);
}

// Off the path of what no list covers: it is asked only once something matched.
void CategoryDb::Impl::leave_out(const names::Url& url, Matches& matches) const noexcept {
  std::size_t count = 0;
  for (SuffixWalk walk(header.salt, url.host(), url.address().has_value()); count < kMostLabels && walk.next();
       ++count) {
    const bool below = walk.suffix().size() < url.host().size();
    apply_exceptions({walk.state().finish(HashDomain::host), 0, walk.suffix().size(), below}, matches);
    if (!url_exceptions || url.names_only()) continue;
    std::size_t segments = 0;
    for (PathWalk path(walk.state(), url.path()); segments < ListIntake::kDeepestPath && path.next(); ++segments)
      apply_exceptions({path.state().finish(HashDomain::url), kExceptUrl, walk.suffix().size() + path.end(), below},
                       matches);
  }
}

void CategoryDb::Impl::apply_exceptions(const ExceptedPlace& place, Matches& matches) const noexcept {
  const auto first = std::ranges::lower_bound(exceptions, place.key, {}, &ExceptionRecord::key);
  for (auto at = first; at != exceptions.end() && at->key == place.key; ++at) {
    if ((at->flags & kExceptUrl) != place.of_url) continue;
    if ((at->flags & (place.below ? kExceptNameOnly : kExceptBelowOnly)) != 0) continue;
    remove_if(matches, [&](const Match& match) {
      if (match.list != at->list) return false;
      if ((at->flags & kExceptCloser) != 0 || match.kind == Match::Kind::pattern || match.network_bits != 0)
        return true;
      if (match.kind == Match::Kind::url && place.of_url == 0) return false;
      return match.entry.size() <= place.reach;
    });
  }
}

// At most as many probes as the deepest URL entry has segments, and two.
void CategoryDb::Impl::lookup_urls(const names::Url& url, std::string_view suffix, const HashState& state,
                                   Matches& matches) const noexcept {
  if (urls.empty()) return;
  const std::string_view path = url.path(), query = url.query();
  const auto probe = [&](const HashState& at, const char* end) {
    urls.find(Slot::of(at.finish(HashDomain::url), urls.buckets()), [&](std::uint16_t number) {
      for (const std::uint16_t list : set(number))
        if (!(list & kUrlsBelow))
          matches.add({list, Match::Kind::url, {suffix.data(), static_cast<std::size_t>(end - suffix.data())}});
    });
  };
  PathWalk walk(state, path);
  std::uint32_t segments = 0;
  bool whole = true;  // the walk came to the path's end
  while (walk.next()) {
    if (++segments > header.deepest_path) {
      whole = false;
      break;
    }
    probe(walk.state(), path.data() + walk.end());
  }
  if (whole && !query.empty()) {
    HashState with_query = walk.state();
    with_query.begin_query();
    with_query.absorb(query);
    probe(with_query, query.data() + query.size());
  }
}

void CategoryDb::Impl::lookup_sealed(const names::Url& url, Matches& matches) const noexcept {
  const std::string_view host = url.host();
  for (std::size_t begin = 0;;) {
    const std::string_view suffix = host.substr(begin);
    bool urls_below = false;
    find_sealed(sealed_hosts, sealer->host(suffix, 0), [&](std::uint16_t list) {
      if (list & kUrlsBelow)
        urls_below = true;
      else if (list < lists.size())
        matches.add({list, Match::Kind::host, {}});
    });
    if (urls_below && !url.names_only()) {
      const auto probe = [&](std::string_view path, std::string_view query) {
        find_sealed(sealed_urls, sealer->url(suffix, path, query, 0), [&](std::uint16_t list) {
          if (list < lists.size()) matches.add({list, Match::Kind::url, {}});
        });
      };
      std::string_view path = url.path();
      if (path.ends_with('/')) path.remove_suffix(1);
      std::size_t segments = 0;
      for (std::size_t slash = path.find('/', 1); segments < ListIntake::kDeepestPath;
           slash = path.find('/', slash + 1)) {
        ++segments;
        if (slash != std::string_view::npos) {
          probe(path.substr(0, slash), {});
          continue;
        }
        if (!path.empty()) probe(path, {});
        if (!url.query().empty()) probe(path, url.query());
        break;
      }
    }
    const auto dot = host.find('.', begin);
    if (dot == std::string_view::npos || url.address()) return;
    begin = dot + 1;
  }
}

template <class Take>
void CategoryDb::Impl::each_url_list(std::string_view host, Take&& take) const noexcept {
  const bool is_address = host.starts_with('[') || names::IpAddress::parse(host).has_value();
  const auto take_marked = [&](std::uint16_t list) {
    if (const std::uint16_t plain = list & ~kUrlsBelow; list & kUrlsBelow && plain < lists.size()) take(plain);
  };
  each_listed_suffix(host, is_address, [&](std::string_view, std::span<const std::uint16_t> of_host, const HashState&) {
    for (const std::uint16_t list : of_host) take_marked(list);
  });
  if (!sealer) return;
  for (std::size_t begin = 0;;) {
    find_sealed(sealed_hosts, sealer->host(host.substr(begin), 0), take_marked);
    const auto dot = host.find('.', begin);
    if (dot == std::string_view::npos || is_address) return;
    begin = dot + 1;
  }
}

bool CategoryDb::has_url_entries(std::string_view host) const noexcept {
  if (!impl_->pattern_lists.empty()) return true;
  bool found = false;
  impl_->each_url_list(host, [&found](std::uint16_t) { found = true; });
  return found;
}

void CategoryDb::lists_beyond_name(std::string_view host, Matches& matches) const noexcept {
  for (const std::uint16_t list : impl_->pattern_lists) matches.add({list, Match::Kind::pattern, {}});
  impl_->each_url_list(host, [&matches](std::uint16_t list) { matches.add({list, Match::Kind::url, {}}); });
}

}  // namespace schoolgate::blocklists
