// The image against the plainest possible reading of the same lists.
#include <gmock/gmock.h>

#include <random>
#include <unordered_map>

#include "tests/blocklists/test_lists.h"

namespace schoolgate::blocklists {
namespace {

// Every entry in a map; every suffix and every path prefix is looked up as text.
class Naive {
 public:
  void add(const std::string& list, const std::string& entry) { entries_[entry].push_back(list); }
  [[nodiscard]] std::vector<std::string> matches(const names::Url& url) const {
    std::vector<std::string> out;
    const std::string host(url.host()), path(url.path());
    for (std::size_t begin = 0;;) {
      const std::string suffix = host.substr(begin);
      find(suffix, out);
      std::string_view prefix = path;
      if (prefix.size() > 1 && prefix.ends_with('/')) prefix.remove_suffix(1);
      for (std::size_t slash = prefix.find('/', 1);; slash = prefix.find('/', slash + 1)) {
        const std::string part(prefix.substr(0, slash));
        if (part != "/") find(suffix + part, out);
        if (slash == std::string_view::npos) break;
      }
      if (!url.query().empty()) find(suffix + std::string(prefix) + "?" + std::string(url.query()), out);
      const auto dot = host.find('.', begin);
      if (dot == std::string::npos) return out;
      begin = dot + 1;
    }
  }

 private:
  void find(const std::string& key, std::vector<std::string>& out) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    for (const auto& list : found->second) out.push_back(list + ":" + key);
  }
  std::unordered_map<std::string, std::vector<std::string>> entries_;
};

TEST(Differential, AgreesWithAMapOverRandomHosts) {
  std::mt19937 random(42);
  const auto label = [&] {
    return std::string(1, char('a' + random() % 6)) + (random() % 2 ? "" : std::to_string(random() % 4));
  };
  const auto name = [&] {
    std::string out = label();
    for (auto n = 1 + random() % 3; n != 0; --n) out += "." + label();
    return out;
  };
  std::vector<NamedList> lists;
  Naive naive;
  for (int i = 0; i < 5; ++i) {
    NamedList list{"l" + std::to_string(i), Format::domains, {}, false};
    std::vector<std::string> names;
    for (int n = 0; n < 400; ++n) names.push_back(name());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    for (const std::string& entry : names) {
      list.text += entry + "\n";
      // The compiler drops what a parent of the same list covers.
      bool covered = false;
      for (auto dot = entry.find('.'); dot != std::string::npos; dot = entry.find('.', dot + 1))
        covered |= std::binary_search(names.begin(), names.end(), entry.substr(dot + 1));
      if (!covered) naive.add(list.name, entry);
    }
    lists.push_back(std::move(list));
  }
  const CompiledLists compiled(lists);
  std::size_t hits = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto url = names::Url::parse("http://" + name() + "/");
    ASSERT_TRUE(url);
    auto expected = naive.matches(*url);
    hits += expected.size();
    ASSERT_THAT(compiled.matches(*url), testing::UnorderedElementsAreArray(expected)) << url->text();
  }
  EXPECT_GT(hits, 10'000u);
}

TEST(Differential, AgreesWithAMapOverRandomUrls) {
  std::mt19937 random(43);
  static const std::vector<std::string> kHosts = {"a.example", "www.a.example", "b.example", "x.y.b.example", "c.test"};
  const auto target = [&] {
    std::string out;
    for (auto n = random() % 5; n != 0; --n) out += "/" + std::string(1, char('p' + random() % 3));
    if (out.empty()) out = "/";
    if (random() % 4 == 0) out += "?q=" + std::to_string(random() % 3);
    return out;
  };
  NamedList one{"one", Format::urls, {}, false}, two{"two", Format::urls, {}, false};
  Naive naive;
  std::vector<std::string> seen;
  for (NamedList* list : {&one, &two}) {
    for (int i = 0; i < 3; ++i) {
      // One host and one depth a list, so that nothing covers anything else.
      const std::string& host = kHosts[std::size_t(i)];
      for (const char p : {'p', 'q'}) {
        const std::string entry = host + "/" + p + "/" + (list == &one ? "q" : "p");
        list->text += entry + "\n";
        if (host != "www.a.example") naive.add(list->name, entry);
      }
    }
    const std::string query = "c.test/r?q=1";
    list->text += query + "\n";
    naive.add(list->name, query);
  }
  const CompiledLists compiled({one, two});
  std::size_t hits = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto url = names::Url::parse("http://" + kHosts[random() % kHosts.size()] + target());
    ASSERT_TRUE(url);
    const auto expected = naive.matches(*url);
    hits += expected.size();
    ASSERT_THAT(compiled.matches(*url), testing::UnorderedElementsAreArray(expected)) << url->text();
  }
  EXPECT_GT(hits, 1000u);
}

}  // namespace
}  // namespace schoolgate::blocklists
