// The two configurations that ship: both load without a word, and hold what their readers are promised.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "blocklists/compile.h"
#include "config/load.h"
#include "rules/snapshot.h"
#include "tests/config/scratch_folder.h"

namespace schoolgate::config {
namespace {

using testing::Contains;

Configuration load_sample(const char* name) {
  Loaded loaded = load(std::filesystem::path(SCHOOLGATE_SOURCE_DIR) / "config" / name);
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.text();
  return loaded.configuration ? std::move(*loaded.configuration) : Configuration{};
}

const rules::GroupSpec& group(const Configuration& configuration, std::string_view id) {
  for (const rules::GroupSpec& spec : configuration.policy.groups)
    if (spec.id == id) return spec;
  static const rules::GroupSpec none;
  ADD_FAILURE() << "no group " << id;
  return none;
}

// What `schoolgate check` would say of a sample whose remote lists have not been fetched yet.
Problems judge(const Configuration& configuration, const char* day) {
  test::ScratchFolder scratch;
  std::vector<blocklists::ListSource> sources;
  for (const ListConfig& list : configuration.lists)
    if (!list.remote) sources.push_back({list.name, list.category, list.format, list.source, list.sealed});
  blocklists::CompileOptions options;
  options.sealed_key.emplace();
  const auto compiled = blocklists::compile(sources, scratch.path() / "lists.image", options);
  EXPECT_TRUE(compiled) << compiled.error().text();
  if (compiled)
    for (const blocklists::ListReport& report : compiled->lists) EXPECT_EQ(report.rejected, 0u) << report.name;
  auto lists = blocklists::CategoryDb::open(scratch.path() / "lists.image", options.sealed_key);
  if (!lists) return {{Problem::Severity::error, {}, lists.error().text(), {}}};

  Problems problems;
  const TimePoint now = *from_rfc3339(day);
  auto snapshot = rules::PolicySnapshot::compile(configuration.policy, *lists, now, problems);
  if (!snapshot) return snapshot.error();
  const Problems failed = (*snapshot)->run_tests(configuration.policy.tests, now);
  problems.insert(problems.end(), failed.begin(), failed.end());
  return problems;
}

class Sample : public testing::TestWithParam<const char*> {};

// In summer and in winter time, on a Sunday and on a school day: the tests name their own times where these matter.
TEST_P(Sample, PassesItsOwnTests) {
  const Configuration sample = load_sample(GetParam());
  EXPECT_FALSE(sample.policy.tests.empty());
  for (const char* day : {"2026-06-24T10:00:00Z", "2026-11-22T12:30:00Z"})
    for (const Problem& problem : judge(sample, day)) ADD_FAILURE() << day << ": " << problem.text();
}

INSTANTIATE_TEST_SUITE_P(Shipped, Sample, testing::Values("demo", "school"),
                         [](const auto& info) { return std::string(info.param); });

TEST(DemoSample, StaysOnLoopback) {
  const Configuration demo = load_sample("demo");
  const Listen& listen = demo.settings.listen;
  std::vector<Endpoint> all = listen.proxy;
  all.insert(all.end(), listen.http.begin(), listen.http.end());
  all.insert(all.end(), listen.tls.begin(), listen.tls.end());
  if (listen.metrics) all.push_back(*listen.metrics);
  ASSERT_EQ(all.size(), 4u);
  for (const Endpoint& endpoint : all) EXPECT_EQ(endpoint.address.text(), "127.0.0.1");
  EXPECT_THAT(demo.settings.upstream.connect_ports, Contains(8444));
  EXPECT_TRUE(demo.settings.upstream.hosts);
  ASSERT_TRUE(demo.alerts.mail);
  EXPECT_EQ(demo.alerts.mail->server, "smtp://127.0.0.1:2525");
  for (const ListConfig& list : demo.lists) EXPECT_FALSE(list.remote) << list.name;
}

TEST(DemoSample, KeepsItsStateUnderBuild) {
  const Configuration demo = load_sample("demo");
  const auto build = std::filesystem::path(SCHOOLGATE_SOURCE_DIR).lexically_normal() / "build/demo";
  EXPECT_EQ(demo.settings.state, build / "state");
  EXPECT_EQ(demo.settings.decisions, build / "decisions.jsonl");
}

TEST(SchoolSample, HasThePolicyOfAPrimary) {
  const Configuration school = load_sample("school");
  EXPECT_EQ(group(school, "ks1").unlisted, rules::Action::block);
  EXPECT_TRUE(group(school, "ks2").safe_search);
  EXPECT_EQ(group(school, "guests").categories.size(), group(school, "ks2").categories.size());
  const rules::GroupSpec& staff = group(school, "staff");
  ASSERT_FALSE(staff.schedules.empty());
  EXPECT_EQ(staff.schedules[0].from_minute, 12 * 60 + 15);
  EXPECT_EQ(staff.schedules[0].to_minute, 13 * 60 + 15);
  EXPECT_EQ(staff.schedules[0].categories[0].category, "social-media");
  EXPECT_EQ(school.policy.fallback, "unknown");
  EXPECT_TRUE(group(school, "unknown").networks.empty());
  EXPECT_FALSE(school.policy.tests.empty());
  EXPECT_EQ(school.settings.state, "/var/lib/schoolgate");
}

}  // namespace
}  // namespace schoolgate::config
