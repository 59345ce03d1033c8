// Category lists for the tests of this room, compiled as the gateway's are.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "blocklists/compile.h"
#include "tests/rules/temporary_folder.h"

namespace schoolgate::rules::test {

struct TestList {
  std::string name, category;
  blocklists::Format format = blocklists::Format::domains;
  std::string text;
  bool sealed = false;
};

/// Compiles and opens; both must succeed. Their source is shown as "lists/NAME".
class TestLists {
 public:
  explicit TestLists(const std::vector<TestList>& lists) {
    std::vector<blocklists::ListSource> sources;
    for (const TestList& list : lists) {
      const auto path = folder_.path() / list.name;
      std::ofstream(path) << list.text;
      blocklists::ListSource source;
      source.name = list.name;
      source.category = list.category;
      source.format = list.format;
      source.path = path;
      source.sealed = list.sealed;
      source.origin = "lists/" + list.name;
      sources.push_back(std::move(source));
    }
    blocklists::CompileOptions options;
    options.sealed_key = blocklists::SealedKey{1, 2, 3};
    const auto image = folder_.path() / "image";
    const auto report = blocklists::compile(sources, image, options);
    if (!report) {
      ADD_FAILURE() << report.error().text();
      return;
    }
    auto opened = blocklists::CategoryDb::open(image, options.sealed_key);
    if (opened)
      database_ = *opened;
    else
      ADD_FAILURE() << opened.error().text();
  }
  [[nodiscard]] std::shared_ptr<const blocklists::CategoryDb> database() const { return database_; }

 private:
  TemporaryFolder folder_;
  std::shared_ptr<const blocklists::CategoryDb> database_;
};

}  // namespace schoolgate::rules::test
