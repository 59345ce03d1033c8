// What the tests of this room share: a folder of their own, lists written into it, and lookups in plain words.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "blocklists/category_db.h"
#include "blocklists/compile.h"
#include "names/url.h"

namespace schoolgate::blocklists {

/// A new empty folder, removed with its content.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "schoolgate-lists-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path write(std::string_view name, std::string_view content) const {
    const auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

 private:
  std::filesystem::path path_;
};

struct NamedList {
  std::string name;
  Format format = Format::domains;
  std::string text;
  bool sealed = false;
};

/// Compiles and opens; both must succeed.
class CompiledLists {
 public:
  explicit CompiledLists(const std::vector<NamedList>& lists, const CompileOptions& options = {}) {
    std::vector<ListSource> sources;
    for (const NamedList& list : lists) {
      ListSource source;
      source.name = list.name;
      source.category = "category-of-" + list.name;
      source.format = list.format;
      source.path = folder_.write(list.name, list.text);
      source.sealed = list.sealed;
      sources.push_back(std::move(source));
    }
    auto compiled = compile(sources, image(), options);
    EXPECT_TRUE(compiled) << compiled.error().text();
    if (compiled) report = std::move(*compiled);
    auto opened = CategoryDb::open(image(), options.sealed_key);
    EXPECT_TRUE(opened) << opened.error().text();
    db = opened ? *opened : CategoryDb::empty();
  }
  [[nodiscard]] std::filesystem::path image() const { return folder_.path() / "image"; }
  [[nodiscard]] const TemporaryFolder& folder() const noexcept { return folder_; }

  /// "list:entry" of every match, in the order in which they were found.
  [[nodiscard]] std::vector<std::string> matches(std::string_view url) const {
    auto parsed = names::Url::parse(url);
    EXPECT_TRUE(parsed) << url;
    return parsed ? matches(*parsed) : std::vector<std::string>{};
  }
  [[nodiscard]] std::vector<std::string> matches(const names::Url& url) const {
    Matches found;
    bool undecided = false;
    db->lookup(url, found, undecided);
    EXPECT_FALSE(undecided);
    std::vector<std::string> out;
    for (const Match& match : found.items())
      out.push_back(db->lists()[match.list].name + ":" + std::string(match.entry));
    return out;
  }
  [[nodiscard]] std::vector<std::string> matches_of_name(std::string_view name) const {
    auto host = names::Host::parse(name);
    EXPECT_TRUE(host) << name;
    return matches(names::Url::of_host(*host, 443));
  }

  CompileReport report;
  std::shared_ptr<const CategoryDb> db;

 private:
  TemporaryFolder folder_;
};

}  // namespace schoolgate::blocklists
