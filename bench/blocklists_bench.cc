// What the category data costs: compiling five million names, opening the image, and a decision by host; beside it the
// structures that were tried and lost. Prints a table; blocklists/README.md quotes it.
//
//     blocklists_bench [NAMES]          five million by default
//
// Names are made, not taken: syllables, digits and hyphens over a mix of endings, a quarter of them with a label in
// front, about 18 bytes each. Keys: 10 million, of which a tenth is listed; one million draws, each URL warm as it has
// just been parsed. Times are per draw, in nanoseconds, the clock's own cost included (the table's first line).
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include "blocklists/category_db.h"
#include "blocklists/compile.h"
#include "blocklists/fingerprint_table.h"
#include "blocklists/key_set.h"
#include "blocklists/keyed_hash.h"
#include "names/host.h"

namespace {

using namespace schoolgate;
using namespace schoolgate::blocklists;
using Clock = std::chrono::steady_clock;

// Of this process alone: what a busy machine's other work does not change.
double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return double(time.tv_sec) + double(time.tv_nsec) * 1e-9;
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

long resident_kib() {
  std::ifstream statm("/proc/self/statm");
  long size = 0, resident = 0;
  statm >> size >> resident;
  return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

std::string make_name(std::mt19937_64& random) {
  static constexpr const char* kSyllables[] = {"ba",  "can",  "de",   "fi",  "go",   "hub", "in",  "jo",   "ka",
                                               "lo",  "mar",  "net",  "on",  "pro",  "qu",  "ri",  "sex",  "shop",
                                               "ter", "up",   "vi",   "web", "xx",   "yo",  "zen", "bet",  "car",
                                               "dat", "play", "tube", "win", "free", "my",  "the", "line", "land"};
  static constexpr const char* kEndings[] = {"com", "com", "com",  "com",   "net", "org",    "info",   "ru",
                                             "de",  "xyz", "top",  "co.uk", "fr",  "cn",     "br",     "biz",
                                             "pl",  "tk",  "club", "eu",    "app", "online", "com.au", "pages.dev"};
  std::string name;
  if (random() % 4 == 0) {
    static constexpr const char* kFront[] = {"cdn", "img", "m", "login", "a1", "s3", "mail", "track"};
    name += kFront[random() % 8];
    if (random() % 2 == 0) name += std::to_string(random() % 1000);
    name += '.';
  }
  for (std::uint64_t i = 0, n = 2 + random() % 4; i < n; ++i) {
    if (i != 0 && random() % 8 == 0) name += '-';
    name += kSyllables[random() % std::size(kSyllables)];
  }
  if (random() % 3 == 0) name += std::to_string(random() % 10000);
  name += '.';
  name += kEndings[random() % std::size(kEndings)];
  return name;
}

// Distinct names; the first `listed` of them are the list.
std::vector<std::string> make_names(std::size_t count) {
  std::mt19937_64 random(20261122);
  KeySet seen;
  std::vector<std::string> names;
  names.reserve(count);
  while (names.size() < count) {
    std::string name = make_name(random);
    HashState state(HashKey{1, 2});
    state.absorb(name);
    if (seen.insert(state.finish(HashDomain::host))) names.push_back(std::move(name));
  }
  return names;
}

struct Times {
  std::vector<std::uint32_t> ns;
  void print(const char* what, double bytes_an_entry, std::uint64_t hits) {
    std::sort(ns.begin(), ns.end());
    double sum = 0;
    for (const auto t : ns) sum += t;
    const auto at = [this](double part) { return ns[std::size_t(part * double(ns.size() - 1))]; };
    std::printf("%-44s p50 %5u  p90 %5u  p99 %5u  p99.9 %6u  mean %6.0f ns", what, at(0.5), at(0.9), at(0.99),
                at(0.999), sum / double(ns.size()));
    if (bytes_an_entry > 0) std::printf("  %6.2f bytes/entry", bytes_an_entry);
    if (hits != 0) std::printf("  %llu hits", static_cast<unsigned long long>(hits));
    std::printf("\n");
    std::fflush(stdout);
  }
};

template <class Ask>
void measure(const char* what, double bytes_an_entry, const std::vector<names::Url>& draws, Ask&& ask) {
  Times times;
  times.ns.reserve(draws.size());
  std::uint64_t hits = 0;
  unsigned warm = 0;
  for (const names::Url& url : draws) {
    for (const char c : url.text()) warm += static_cast<unsigned char>(c);
    asm volatile("" : "+r"(warm));
    const auto start = Clock::now();
    hits += ask(url);
    times.ns.push_back(
        std::uint32_t(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count()));
  }
  times.print(what, bytes_an_entry, hits);
}

// A 64-bit fingerprint a slot in open addressing, all suffixes prefetched.
class OpenAddressing {
 public:
  OpenAddressing(const std::vector<std::uint64_t>& keys, double load)
      : slots_(std::size_t(double(keys.size()) / load)) {
    for (const std::uint64_t key : keys) {
      std::size_t at = start(key);
      while (slots_[at] != 0 && slots_[at] != key) at = at + 1 == slots_.size() ? 0 : at + 1;
      slots_[at] = key;
    }
  }
  [[nodiscard]] std::size_t bytes() const { return slots_.size() * 8; }
  [[nodiscard]] std::size_t start(std::uint64_t key) const {
    return std::size_t(static_cast<unsigned __int128>(key) * slots_.size() >> 64);
  }
  void prefetch(std::uint64_t key) const { __builtin_prefetch(&slots_[start(key)]); }
  [[nodiscard]] bool has(std::uint64_t key) const {
    for (std::size_t at = start(key);; at = at + 1 == slots_.size() ? 0 : at + 1) {
      if (slots_[at] == key) return true;
      if (slots_[at] == 0) return false;
    }
  }

 private:
  std::vector<std::uint64_t> slots_;
};

// Binary fuse filter with 8-bit fingerprints (Graf and Lemire, 2022), three places a key.
class Fuse8 {
 public:
  explicit Fuse8(const std::vector<std::uint64_t>& keys) {
    const auto size = std::uint32_t(keys.size());
    segment_length_ = 1u << std::uint32_t(std::floor(std::log(double(size)) / std::log(3.33) + 2.25));
    const double factor = std::max(1.125, 0.875 + 0.25 * std::log(1000000.0) / std::log(double(size)));
    const auto capacity = std::uint32_t(std::round(double(size) * factor));
    const std::uint32_t segments = (capacity + segment_length_ - 1) / segment_length_ - 2;
    segment_count_length_ = segments * segment_length_;
    cells_.assign((segments + 2) * segment_length_, 0);
    for (seed_ = 1;; ++seed_)
      if (fill(keys)) return;
  }
  [[nodiscard]] std::size_t bytes() const { return cells_.size(); }
  struct Places {
    std::uint32_t at[3];
    std::uint8_t print;
  };
  [[nodiscard]] Places places(std::uint64_t key) const {
    const std::uint64_t hash = fold_multiply(key ^ seed_, 0x9e3779b97f4a7c15);
    const auto h0 = std::uint32_t(static_cast<unsigned __int128>(hash) * segment_count_length_ >> 64);
    std::uint32_t h1 = h0 + segment_length_, h2 = h1 + segment_length_;
    h1 ^= std::uint32_t(hash >> 18) & (segment_length_ - 1);
    h2 ^= std::uint32_t(hash) & (segment_length_ - 1);
    return {{h0, h1, h2}, std::uint8_t(hash ^ hash >> 32)};
  }
  void prefetch(const Places& p) const {
    for (const auto at : p.at) __builtin_prefetch(&cells_[at]);
  }
  [[nodiscard]] bool has(const Places& p) const {
    return (p.print ^ cells_[p.at[0]] ^ cells_[p.at[1]] ^ cells_[p.at[2]]) == 0;
  }

 private:
  bool fill(const std::vector<std::uint64_t>& keys) {
    std::vector<std::uint8_t> count(cells_.size());
    std::vector<std::uint64_t> mixed(cells_.size());
    for (const auto key : keys)
      for (const auto at : places(key).at) ++count[at], mixed[at] ^= key;
    std::vector<std::uint32_t> queue;
    for (std::uint32_t i = 0; i < cells_.size(); ++i)
      if (count[i] == 1) queue.push_back(i);
    std::vector<std::pair<std::uint64_t, std::uint32_t>> order;
    while (!queue.empty()) {
      const auto cell = queue.back();
      queue.pop_back();
      if (count[cell] != 1) continue;
      const auto key = mixed[cell];
      order.emplace_back(key, cell);
      for (const auto at : places(key).at)
        if (--count[at], mixed[at] ^= key; count[at] == 1) queue.push_back(at);
    }
    if (order.size() != keys.size()) return false;
    for (auto at = order.rbegin(); at != order.rend(); ++at) {
      const Places p = places(at->first);
      cells_[at->second] = 0;
      cells_[at->second] = std::uint8_t(p.print ^ cells_[p.at[0]] ^ cells_[p.at[1]] ^ cells_[p.at[2]]);
    }
    return true;
  }
  std::uint64_t seed_ = 0;
  std::uint32_t segment_length_ = 0, segment_count_length_ = 0;
  std::vector<std::uint8_t> cells_;
};

// Memory on transparent huge pages, filled with a copy.
struct Hugepages {
  template <class T>
  explicit Hugepages(const std::vector<T>& from) : size((from.size() * sizeof(T) + (2u << 20) - 1) >> 21 << 21) {
    at = std::aligned_alloc(2u << 20, size);
    ::madvise(at, size, MADV_HUGEPAGE);
    std::memcpy(at, from.data(), from.size() * sizeof(T));
  }
  ~Hugepages() { std::free(at); }
  void* at;
  std::size_t size;
};

// A Bloom filter whose bits of one key all lie in one 64-bit word: one load a key.
struct BlockedBloom {
  BlockedBloom(const std::vector<std::uint64_t>& keys, double bits)
      : words_(std::size_t(double(keys.size()) * bits / 64) + 1) {
    for (const auto key : keys) words_[place(key)] |= mask(key);
  }
  [[nodiscard]] std::size_t place(std::uint64_t key) const {
    return std::size_t(static_cast<unsigned __int128>(key) * words_.size() >> 64);
  }
  static std::uint64_t mask(std::uint64_t key) {
    key *= 0x9e3779b97f4a7c15;
    return 1ull << (key >> 58) | 1ull << (key >> 52 & 63) | 1ull << (key >> 46 & 63);
  }
  std::vector<std::uint64_t> words_;
};

constexpr HashKey kSalt{0x243f6a8885a308d3, 0x13198a2e03707344};

std::size_t suffix_keys(std::string_view host, std::uint64_t (&keys)[128]) {
  std::size_t count = 0;
  for (SuffixWalk walk(kSalt, host, false); walk.next();) keys[count++] = walk.state().finish(HashDomain::host);
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t listed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 5'000'000;
  const std::size_t pool = 2 * listed, pool_listed = pool / 10, unlisted = pool - pool_listed;
  std::printf("making %zu names\n", listed + unlisted);
  std::vector<std::string> names = make_names(listed + unlisted);

  std::vector<names::Url> draws;
  {
    std::mt19937_64 random(7);
    for (int i = 0; i < 1'000'000; ++i) {
      const std::uint64_t key = random() % pool;
      const std::string& name =
          key < pool_listed ? names[key * (listed / pool_listed)] : names[listed + key - pool_listed];
      const auto host = names::Host::parse(random() % 3 == 0 ? "www." + name : name);
      draws.push_back(names::Url::of_host(*host, 443));
    }
  }

  const auto folder = std::filesystem::temp_directory_path() / ("blocklists-bench-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  {
    std::ofstream list(folder / "names");
    for (std::size_t i = 0; i < listed; ++i) list << names[i] << '\n';
  }
  ListSource source;
  source.name = "names";
  source.category = "gambling";
  source.path = folder / "names";
  auto start = Clock::now();
  double cpu = cpu_seconds();
  const auto report = compile(std::span(&source, 1), folder / "image");
  if (!report) return std::fprintf(stderr, "%s\n", report.error().text().c_str()), 1;
  std::printf("compile: %.2f s of processor time (%.2f s on the clock) for %zu names (%llu kept, %llu under another)\n",
              cpu_seconds() - cpu, seconds_since(start), listed, (unsigned long long)report->host_keys,
              (unsigned long long)report->lists[0].redundant);
  std::printf("image: %.1f MB, %.2f bytes an entry\n", double(report->image_bytes) / 1e6,
              double(report->image_bytes) / double(report->host_keys));
  std::vector<double> opened, opened_cpu;
  for (int i = 0; i < 21; ++i) {
    start = Clock::now();
    cpu = cpu_seconds();
    if (!CategoryDb::open(folder / "image")) return std::fprintf(stderr, "the image cannot be opened\n"), 1;
    opened.push_back(seconds_since(start) * 1e3);
    opened_cpu.push_back((cpu_seconds() - cpu) * 1e3);
  }
  std::sort(opened.begin(), opened.end());
  std::sort(opened_cpu.begin(), opened_cpu.end());
  std::printf(
      "open: median %.2f ms, worst of 21 %.2f ms (processor time %.2f and %.2f ms), the image in the page cache\n",
      opened[10], opened[20], opened_cpu[10], opened_cpu[20]);
  const long before = resident_kib();
  const auto db = CategoryDb::open(folder / "image");
  const double resident = double(resident_kib() - before) * 1024 / double(report->host_keys);

  measure("(the clock alone)", 0, draws, [](const names::Url&) { return 0; });
  measure("CategoryDb::lookup", resident, draws, [&](const names::Url& url) {
    Matches matches;
    bool undecided = false;
    (*db)->lookup(url, matches, undecided);
    return !matches.items().empty();
  });

  std::vector<std::uint64_t> keys;
  for (std::size_t i = 0; i < listed; ++i) {
    std::uint64_t of_name[128];
    keys.push_back(of_name[suffix_keys(names[i], of_name) - 1]);
  }
  std::sort(keys.begin(), keys.end());
  measure("(the hash of every suffix alone)", 0, draws, [](const names::Url& url) {
    std::uint64_t of[128];
    const std::size_t n = suffix_keys(url.host(), of);
    asm volatile("" : : "r"(&of[0]), "r"(n) : "memory");
    return 0;
  });
  {
    FingerprintTableBuilder builder(keys.size());
    for (const auto key : keys) builder.add(key, 1);
    builder.finish();
    const FingerprintTable table(builder.directory(), builder.entries());
    const double bytes = double(builder.directory().size() * 4 + builder.entries().size() * 8) / double(listed);
    measure("sorted fingerprints, directory", bytes, draws, [&](const names::Url& url) {
      std::uint64_t of[128];
      Slot slots[128];
      const std::size_t n = suffix_keys(url.host(), of);
      for (std::size_t i = 0; i < n; ++i) table.prefetch_directory(slots[i] = Slot::of(of[i], table.buckets()));
      for (std::size_t i = 0; i < n; ++i) table.prefetch_entries(slots[i]);
      bool found = false;
      for (std::size_t i = 0; i < n; ++i) table.find(slots[i], [&](std::uint16_t) { found = true; });
      return found;
    });
    Hugepages huge_directory(builder.directory()), huge_entries(builder.entries());
    const FingerprintTable huge({static_cast<const std::uint32_t*>(huge_directory.at), builder.directory().size()},
                                {static_cast<const std::uint64_t*>(huge_entries.at), builder.entries().size()});
    measure("  the same on huge pages", bytes, draws, [&](const names::Url& url) {
      std::uint64_t of[128];
      Slot slots[128];
      const std::size_t n = suffix_keys(url.host(), of);
      for (std::size_t i = 0; i < n; ++i) huge.prefetch_directory(slots[i] = Slot::of(of[i], huge.buckets()));
      for (std::size_t i = 0; i < n; ++i) huge.prefetch_entries(slots[i]);
      bool found = false;
      for (std::size_t i = 0; i < n; ++i) huge.find(slots[i], [&](std::uint16_t) { found = true; });
      return found;
    });
    for (const double bits : {8.0, 12.0, 16.0}) {
      const BlockedBloom bloom(keys, bits);
      Hugepages huge_bloom(bloom.words_);
      const auto* words = static_cast<const std::uint64_t*>(huge_bloom.at);
      std::uint64_t passed = 0;
      for (int h = 0; h < 2; ++h) {
        const std::string what =
            "  behind one word a key, " + std::to_string(int(bits)) + " bits" + (h ? ", huge" : "");
        const auto* w = h ? words : bloom.words_.data();
        const FingerprintTable& t = h ? huge : table;
        measure(what.c_str(), bytes + bits / 8, draws, [&](const names::Url& url) {
          std::uint64_t of[128];
          const std::size_t n = suffix_keys(url.host(), of);
          for (std::size_t i = 0; i < n; ++i) __builtin_prefetch(&w[bloom.place(of[i])]);
          std::size_t left = 0;
          for (std::size_t i = 0; i < n; ++i) {
            const auto mask = BlockedBloom::mask(of[i]);
            of[left] = of[i];
            left += (w[bloom.place(of[i])] & mask) == mask;
          }
          passed += left;
          bool found = false;
          for (std::size_t i = 0; i < left; ++i)
            t.find(Slot::of(of[i], t.buckets()), [&](std::uint16_t) { found = true; });
          return found;
        });
      }
      std::printf("    (%llu suffixes passed)\n", (unsigned long long)passed / 2);
    }
    const Fuse8 filter(keys);
    measure("  the same behind a binary fuse filter", bytes + double(filter.bytes()) / double(listed), draws,
            [&](const names::Url& url) {
              std::uint64_t of[128];
              Fuse8::Places places[128];
              const std::size_t n = suffix_keys(url.host(), of);
              for (std::size_t i = 0; i < n; ++i) filter.prefetch(places[i] = filter.places(of[i]));
              bool found = false;
              for (std::size_t i = 0; i < n; ++i)
                if (filter.has(places[i]))
                  table.find(Slot::of(of[i], table.buckets()), [&](std::uint16_t) { found = true; });
              return found;
            });
  }
  for (const double load : {0.6, 0.9}) {
    const OpenAddressing table(keys, load);
    // The value needs two bytes more a slot.
    const std::string what = "open addressing, 64 bits, load " + std::to_string(load).substr(0, 3);
    measure(what.c_str(), double(table.bytes()) * 10 / 8 / double(listed), draws, [&](const names::Url& url) {
      std::uint64_t of[128];
      const std::size_t n = suffix_keys(url.host(), of);
      for (std::size_t i = 0; i < n; ++i) table.prefetch(of[i]);
      bool found = false;
      for (std::size_t i = 0; i < n; ++i) found |= table.has(of[i]);
      return found;
    });
  }
  {
    const long empty = resident_kib();
    std::unordered_set<std::string> set;
    set.reserve(listed);
    for (std::size_t i = 0; i < listed; ++i) set.insert(names[i]);
    const double bytes = double(resident_kib() - empty) * 1024 / double(listed);
    measure("unordered_set<string>", bytes, draws, [&](const names::Url& url) {
      const std::string_view host = url.host();
      for (std::size_t begin = 0;;) {
        if (set.contains(std::string(host.substr(begin)))) return true;
        const auto dot = host.find('.', begin);
        if (dot == std::string_view::npos) return false;
        begin = dot + 1;
      }
    });
  }
  {
    // A thousand expressions over URLs of about 90 bytes, one in fifty of which some expression matches.
    std::mt19937_64 random(3);
    std::ofstream list(folder / "expressions");
    for (int i = 0; i < 1000; ++i) {
      const std::string word = make_name(random);
      list << word.substr(0, word.find('.')) << "[-_/]?(free|[0-9]+)(win|x)?s\n";
    }
    list.close();
    ListSource expressions;
    expressions.name = "expressions";
    expressions.category = "gambling";
    expressions.format = Format::expressions;
    expressions.path = folder / "expressions";
    if (!compile(std::span(&expressions, 1), folder / "patterns")) return 1;
    const auto patterns = CategoryDb::open(folder / "patterns");
    std::vector<names::Url> urls;
    std::mt19937_64 again(3);
    for (int i = 0; i < 100'000; ++i) {
      const std::string word = make_name(i % 1000 == 0 ? (again.seed(3), again) : again);
      std::string url = "http://" + make_name(random) + "/articles/2026/" + make_name(random) +
                        "/index.html?page=" + std::to_string(i);
      if (i % 50 == 0) url += word.substr(0, word.find('.')) + "-frees";
      if (auto parsed = names::Url::parse(url)) urls.push_back(std::move(*parsed));
    }
    measure("a thousand expressions", 0, urls, [&](const names::Url& url) {
      Matches matches;
      bool undecided = false;
      (*patterns)->lookup(url, matches, undecided);
      return !matches.items().empty();
    });
  }
  std::filesystem::remove_all(folder);
}
