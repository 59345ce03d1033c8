#include "changes/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/changes/two_policies.h"

namespace schoolgate::changes {
namespace {

using What = ProposalEvent::What;

Proposal a_proposal() {
  return {
      .at = *from_rfc3339("2026-11-30T09:00:00Z"),
      .author = {.account = "t.ash", .machine_user = "root"},
      .reason = "Year 6 maths",
      .risk_assessment = "RA-2026-014",
      .review = std::chrono::year(2026) / 12 / 18,
      .files = {
          {"rules/a.yaml", "old\n", "new\n"}, {"rules/b.yaml", std::nullopt, ""}, {"rules/c.yaml", "x", std::nullopt}}};
}

TEST(Ledger, KeepsAProposalWithItsFilesAndEvents) {
  const test::TemporaryFolder folder;
  EXPECT_FALSE(Ledger::open_to_read(folder.path() / "changes")->has_value());
  std::uint64_t number = 0;
  {
    auto ledger = Ledger::open(folder.path() / "changes");
    ASSERT_TRUE(ledger) << ledger.error().text();
    number = ledger->add(a_proposal()).value();
    EXPECT_EQ(number, 1u);
    EXPECT_EQ(ledger->add(a_proposal()).value(), 2u);
    ASSERT_TRUE(
        ledger->add_event(number, {.at = wall_now(), .by = {.account = "d.oak"}, .what = What::agree, .text = "fine"}));
  }
  auto ledger = std::move(**Ledger::open_to_read(folder.path() / "changes"));
  const Proposal read = ledger.find(number).value();
  EXPECT_EQ(read.reason, "Year 6 maths");
  EXPECT_EQ(read.author.account, "t.ash");
  EXPECT_EQ(read.review, a_proposal().review);
  ASSERT_EQ(read.files.size(), 3u);
  EXPECT_EQ(read.files[0].after, "new\n");
  EXPECT_EQ(read.files[1].before, std::nullopt);
  EXPECT_EQ(read.files[1].after, "");
  EXPECT_EQ(read.files[2].after, std::nullopt);
  ASSERT_EQ(read.events.size(), 1u);
  EXPECT_EQ(read.events[0].by.account, "d.oak");
  EXPECT_EQ(ledger.list().value().size(), 2u);
  EXPECT_EQ(ledger.list().value().front().number, 2u) << "the newest first";
  EXPECT_FALSE(ledger.find(77));
}

TEST(Ledger, IsOnlyEverAddedTo) {
  const test::TemporaryFolder folder;
  auto ledger = Ledger::open(folder.path());
  ASSERT_TRUE(ledger && ledger->add(a_proposal()));
  ASSERT_TRUE(ledger->add_event(1, {.at = wall_now(), .what = What::refuse, .text = "no"}));
  auto database = store::Database::open(folder.path() / "changes.db", store::Database::Access::write);
  ASSERT_TRUE(database);
  for (const char* sql : {"UPDATE proposals SET reason = 'x'", "DELETE FROM proposals", "UPDATE files SET after = 'x'",
                          "DELETE FROM files", "UPDATE events SET what = 1", "DELETE FROM events"})
    EXPECT_FALSE(database->run(sql)) << sql;
}

TEST(Ledger, HostileTextIsKeptAsTextOrRefused) {
  const test::TemporaryFolder folder;
  auto ledger = Ledger::open(folder.path());
  ASSERT_TRUE(ledger);
  for (const char* text :
       {"'); DROP TABLE proposals; --", "<script>alert(1)</script>", "caf\xC3\xA9 \xE2\x80\xAE", "%s%n"}) {
    Proposal proposal = a_proposal();
    proposal.reason = text;
    const auto number = ledger->add(proposal);
    ASSERT_TRUE(number) << text;
    EXPECT_EQ(ledger->find(*number)->reason, text);
  }
  for (const std::string& text :
       {std::string("two\nlines"), std::string("\x1b[31mred"), std::string(5000, 'x'), std::string()}) {
    Proposal proposal = a_proposal();
    proposal.reason = text;
    EXPECT_FALSE(ledger->add(proposal));
  }
  Proposal empty = a_proposal();
  empty.files.clear();
  EXPECT_FALSE(ledger->add(empty));
}

}  // namespace
}  // namespace schoolgate::changes
