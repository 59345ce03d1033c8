#include "blocklists/update.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <thread>

#include "base/file.h"
#include "tests/blocklists/https_server.h"
#include "tests/blocklists/minisign.h"

namespace schoolgate::blocklists {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using OutcomeKind = ListOutcome::Kind;

constexpr TimePoint kStart{std::chrono::seconds(1'790'000'000)};

std::string names(int count, std::string_view stem = "n") {
  std::string text;
  for (int i = 0; i < count; ++i) text += std::string(stem) + std::to_string(i) + ".example\n";
  return text;
}

// A server whose files the tests change, and a store that is updated from it.
class UpdateTest : public testing::Test {
 protected:
  UpdateTest()
      : store(*ListStore::open(folder.path() / "state")),
        server([this](const ServerRequest& asked) { return answer(asked); }) {
    options.fetch.trust = {server.root_certificate()};
    options.fetch.stall = std::chrono::seconds(2);
    options.fetch.attempts = 1;
    games.name = "games";
    games.category = "games";
    games.source = server.url("/games.txt");
    games.remote = true;
  }

  ServerAnswer answer(const ServerRequest& asked) {
    const std::lock_guard held(mutex);
    const auto file = files.find(asked.path);
    if (file == files.end()) return {.status = 404};
    const std::string etag = "\"" + std::to_string(std::hash<std::string>{}(file->second)) + "\"";
    if (const auto known = asked.headers.find("if-none-match"); known != asked.headers.end() && known->second == etag)
      return {.status = 304};
    return {.headers = {{"ETag", etag}}, .body = file->second, .cut_after = cut_after};
  }
  void put(const std::string& path, std::string text) {
    const std::lock_guard held(mutex);
    files[path] = std::move(text);
  }
  Result<UpdateReport> run(std::vector<UpdateSource> sources) {
    now += std::chrono::hours(25);
    return update(store, sources, now, options);
  }
  UpdateReport run_well(std::vector<UpdateSource> sources) {
    auto report = run(std::move(sources));
    EXPECT_TRUE(report) << report.error().text();
    return report ? std::move(*report) : UpdateReport{};
  }
  [[nodiscard]] bool covers(std::string_view host) const {
    const auto db = store.open_current();
    EXPECT_TRUE(db) << db.error().text();
    Matches matches;
    bool undecided = false;
    (*db)->lookup(*names::Url::parse(host), matches, undecided);
    return !matches.items().empty();
  }

  TemporaryFolder folder;
  ListStore store;
  std::mutex mutex;
  std::map<std::string, std::string> files;
  std::optional<std::size_t> cut_after;
  HttpsServer server;
  UpdateOptions options;
  UpdateSource games;
  TimePoint now = kStart;
};

TEST_F(UpdateTest, FetchesCompilesAndSwaps) {
  put("/games.txt", names(200));
  const auto report = run_well({games});
  ASSERT_TRUE(report.published);
  EXPECT_EQ(report.lists.at(0).kind, OutcomeKind::fetched);
  EXPECT_FALSE(report.needs_attention());
  EXPECT_TRUE(covers("n7.example"));
  EXPECT_EQ(store.source_states().at("games").fetched, now);
  EXPECT_EQ((*store.open_current())->lists()[0].fetched, now);
}

TEST_F(UpdateTest, WithoutNewsNothingChanges) {
  put("/games.txt", names(200));
  (void)run_well({games});
  const auto report = run_well({games});
  EXPECT_EQ(report.lists.at(0).kind, OutcomeKind::unchanged);
  EXPECT_TRUE(report.unchanged);
  EXPECT_FALSE(report.published);
  EXPECT_EQ(store.images().size(), 1u);
}

TEST_F(UpdateTest, AListIsNotAskedForBeforeItIsDue) {
  put("/games.txt", names(200));
  (void)run_well({games});
  const auto asked = server.requests().size();
  games.refresh = std::chrono::hours(48);
  EXPECT_EQ(run_well({games}).lists.at(0).kind, OutcomeKind::not_due);
  EXPECT_EQ(server.requests().size(), asked);
  options.ask_again = true;
  EXPECT_EQ(run_well({games}).lists.at(0).kind, OutcomeKind::unchanged);
}

TEST_F(UpdateTest, AServerThatFailsLeavesWhatWasAccepted) {
  put("/games.txt", names(200));
  (void)run_well({games});
  files.clear();
  const auto report = run_well({games});
  EXPECT_EQ(report.lists.at(0).kind, OutcomeKind::kept);
  EXPECT_THAT(report.lists[0].why, HasSubstr("404"));
  EXPECT_TRUE(report.needs_attention());
  EXPECT_TRUE(covers("n7.example"));
  const auto state = store.source_states().at("games");
  EXPECT_EQ(state.failures, 1u);
  EXPECT_THAT(state.failure, HasSubstr("404"));
  put("/games.txt", names(201));
  EXPECT_EQ(run_well({games}).lists.at(0).kind, OutcomeKind::fetched);
  EXPECT_EQ(store.source_states().at("games").failures, 0u);
}

TEST_F(UpdateTest, PoisonedUpdatesAreRefusedAndTheLastGoodImageStays) {
  put("/games.txt", names(200));
  (void)run_well({games});
  const std::string checksum = store.current()->checksum;
  const std::pair<std::string, std::string> poisons[] = {
      {"", "empty"},
      {"# nothing left\n", "empty"},
      {"<!DOCTYPE html>\n<title>Moved</title>\n", "web page"},
      {names(3000), "entries and had"},
      {names(10), "entries and had"},
      {names(200) + "com\n", "com"},
      {names(200) + "co.uk\n", "co.uk"},
      {std::string("\x1f\x8b\x08\0\0\0\0\0", 8), "gzip"},
  };
  for (const auto& [poison, word] : poisons) {
    put("/games.txt", poison);
    const auto report = run(std::vector{games});
    if (report) {
      EXPECT_EQ(report->lists.at(0).kind, OutcomeKind::kept) << poison.substr(0, 40);
      EXPECT_THAT(report->lists[0].why, HasSubstr(word)) << poison.substr(0, 40);
    } else {
      EXPECT_THAT(report.error().text(), HasSubstr(word));
    }
    EXPECT_EQ(store.current()->checksum, checksum) << poison.substr(0, 40);
  }
  EXPECT_TRUE(covers("n7.example"));
}

TEST_F(UpdateTest, AListLeavesSitesThatMustStayReachableAloneAndCountsOtherwise) {
  put("/games.txt", names(200));
  (void)run_well({games});
  put("/games.txt", names(201) + "bbc.co.uk\n");
  const auto done = run_well({games});
  EXPECT_TRUE(done.published);
  EXPECT_FALSE(done.needs_attention());
  ASSERT_FALSE(done.left_alone.empty());
  EXPECT_EQ(done.left_alone[0].entry, "bbc.co.uk");
  EXPECT_FALSE(covers("www.bbc.co.uk"));
  EXPECT_TRUE(covers("n200.example"));
  const auto remarks = store.current()->remarks;
  ASSERT_EQ(remarks.size(), done.left_alone.size());
  EXPECT_EQ(remarks[0].kind, ImageRemark::Kind::left_alone);
  EXPECT_EQ(remarks[0].list, "games");

  // What a person accepts stays accepted, and is asked for by site: another one is left alone again.
  options.accept = {"games"};
  EXPECT_TRUE(run_well({games}).published);
  EXPECT_TRUE(covers("www.bbc.co.uk"));
  options.accept.clear();
  put("/games.txt", names(202) + "bbc.co.uk\nnasa.gov\n");
  EXPECT_TRUE(run_well({games}).published);
  EXPECT_TRUE(covers("www.bbc.co.uk"));
  EXPECT_FALSE(covers("www.nasa.gov"));
}

TEST_F(UpdateTest, AListThatCoversTooMuchKeepsItsLastContentAloneAndTheOthersGoOn) {
  put("/games.txt", names(200));
  put("/bets.txt", names(200, "b"));
  UpdateSource bets = games;
  bets.name = "bets";
  bets.category = "gambling";
  bets.source = server.url("/bets.txt");
  (void)run_well({games, bets});
  std::string over;
  for (std::size_t i = 0; i < 60; ++i) over += std::string(shipped_must_allow()[i].url.host()) + "\n";
  put("/games.txt", names(201) + over);
  put("/bets.txt", names(201, "b"));
  const auto done = run_well({games, bets});
  EXPECT_TRUE(done.published);
  EXPECT_EQ(done.lists.at(0).kind, OutcomeKind::kept);
  EXPECT_THAT(done.lists.at(0).why, HasSubstr("must allow"));
  EXPECT_EQ(done.lists.at(1).kind, OutcomeKind::fetched);
  EXPECT_TRUE(covers("n199.example"));
  EXPECT_FALSE(covers("n200.example"));
  EXPECT_TRUE(covers("b200.example"));
  options.accept = {"games"};
  EXPECT_EQ(run_well({games, bets}).lists.at(0).kind, OutcomeKind::fetched);
  EXPECT_TRUE(covers("n200.example"));
}

TEST_F(UpdateTest, AListThatLosesAProbeKeepsItsLastContent) {
  put("/games.txt", names(200));
  options.must_block = {{*names::Url::parse("http://n199.example/"), "games"}};
  EXPECT_TRUE(run_well({games}).published);
  put("/games.txt", names(199));
  const auto refused = run_well({games});
  EXPECT_EQ(refused.lists.at(0).kind, OutcomeKind::kept);
  EXPECT_EQ(refused.refusals.at(0).gate, Gate::must_block);
  EXPECT_TRUE(covers("n199.example"));
}

TEST_F(UpdateTest, AProbeThatNothingEverCoveredIsSaidAndStopsNothing) {
  put("/games.txt", names(200));
  options.must_block = {{*names::Url::parse("http://other.example/"), "games"}};
  const auto done = run_well({games});
  EXPECT_TRUE(done.published);
  EXPECT_TRUE(done.needs_attention());
  EXPECT_TRUE(covers("n199.example"));
}

// One list's fault, in every form it may have, and always another list beside it that has to come through.
TEST_F(UpdateTest, WhateverIsWrongWithOneListTheOthersComeThrough) {
  UpdateSource local = games;
  local.name = "local";
  local.source = folder.write("local", names(200, "local")).string();
  local.remote = false;
  UpdateSource squid = local;
  squid.name = "squid";
  squid.format = Format::squidguard;
  (void)folder.write("squid/domains", names(200, "squid"));
  squid.source = (folder.path() / "squid").string();
  put("/games.txt", names(200));
  (void)run_well({games, local, squid});
  int round = 200;
  const auto check = [&](const char* what, auto&& break_it, auto&& mend_it) {
    break_it();
    put("/games.txt", names(++round));
    const auto done = run_well({games, local, squid});
    EXPECT_TRUE(done.published) << what;
    EXPECT_TRUE(done.needs_attention()) << what;
    EXPECT_TRUE(covers("n" + std::to_string(round - 1) + ".example")) << what;
    EXPECT_TRUE(covers("local7.example")) << what;
    EXPECT_TRUE(covers("squid7.example")) << what;
    mend_it();
  };
  const auto write_local = [&] { (void)folder.write("local", names(200, "local")); };
  const auto damage = [&](std::string text) { return [&, text] { (void)folder.write("local", text); }; };
  const std::filesystem::path path = local.source, kept = folder.path() / "kept";
  check("a web page", damage("<html>\n"), write_local);
  check("empty", damage(""), write_local);
  check("shrunk", damage(names(3, "local")), write_local);
  check("a damaged archive", damage(std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03garbage", 17)), write_local);
  check("a suffix", damage(names(200, "local") + "co.uk\n"), write_local);
  check("gone", [&] { std::filesystem::remove(path); }, write_local);
  check(
      "a folder in its place",
      [&] {
        std::filesystem::remove(path);
        std::filesystem::create_directory(path);
      },
      [&] {
        std::filesystem::remove(path);
        write_local();
      });
  check(
      "a folder without lists", [&] { std::filesystem::rename(folder.path() / "squid/domains", kept); },
      [&] { std::filesystem::rename(kept, folder.path() / "squid/domains"); });
  check(
      "a file in the folder's place",
      [&] {
        std::filesystem::rename(folder.path() / "squid", kept);
        (void)folder.write("squid", "x");
      },
      [&] {
        std::filesystem::remove(folder.path() / "squid");
        std::filesystem::rename(kept, folder.path() / "squid");
      });
  if (::geteuid() != 0)
    check(
        "of another mode", [&] { std::filesystem::permissions(path, std::filesystem::perms::none); },
        [&] { std::filesystem::permissions(path, std::filesystem::perms::owner_all); });
  EXPECT_FALSE(run_well({games, local, squid}).needs_attention()) << "all is well again";
}

TEST_F(UpdateTest, ListsThatAreNeverThinnedAlarmAndKeepTheirEntries) {
  put("/games.txt", names(200) + "bbc.co.uk\n");
  games.category = "child-abuse";
  games.illegal = true;
  const auto done = run_well({games});
  EXPECT_TRUE(done.published);
  EXPECT_TRUE(done.needs_attention());
  EXPECT_TRUE(done.left_alone.empty());
  EXPECT_FALSE(done.covered_sites.empty());
  EXPECT_TRUE(covers("www.bbc.co.uk"));
  const auto remarks = store.current()->remarks;
  ASSERT_EQ(remarks.size(), 1u);
  EXPECT_EQ(remarks[0].kind, ImageRemark::Kind::covers);
  EXPECT_EQ(remarks[0].site + remarks[0].entry, "") << "the name is not told";
  EXPECT_THAT(*read_file(store.folder() / "images/000001.tsv"), testing::Not(HasSubstr("bbc")));
}

TEST_F(UpdateTest, TheFirstImageIsPublishedAlthoughOneListIsRefused) {
  put("/games.txt", "<html>\n");
  UpdateSource local;
  local.name = "local";
  local.category = "games";
  local.source = folder.write("local", names(50, "local")).string();
  const auto report = run_well({games, local});
  EXPECT_TRUE(report.published);
  EXPECT_EQ(report.lists.at(0).kind, OutcomeKind::left_out);
  EXPECT_EQ(report.lists.at(1).kind, OutcomeKind::local);
  EXPECT_TRUE(covers("local7.example"));
}

TEST_F(UpdateTest, WhereNothingHasEverComeNothingIsPublished) {
  const auto report = run_well({games});
  EXPECT_FALSE(report.published);
  EXPECT_EQ(report.lists.at(0).kind, OutcomeKind::left_out);
  EXPECT_FALSE(store.current());
}

TEST_F(UpdateTest, AcceptedContentThatWasDamagedOnDiskIsAskedForAnew) {
  put("/games.txt", names(200));
  (void)run_well({games});
  ASSERT_TRUE(replace_file(store.source("games"), std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03garbage", 17)));
  games.refresh = std::chrono::hours(480);
  EXPECT_EQ(run_well({games}).lists.at(0).kind, OutcomeKind::left_out);
  EXPECT_EQ(run_well({games}).lists.at(0).kind, OutcomeKind::fetched);
  EXPECT_TRUE(covers("n7.example"));
}

TEST_F(UpdateTest, ChecksumsMustFit) {
  put("/games.txt", names(200));
  put("/SHA256SUMS", to_hex(sha256(names(200))) + "  games.txt\n");
  games.checksum = server.url("/SHA256SUMS");
  EXPECT_EQ(run_well({games}).lists.at(0).kind, OutcomeKind::fetched);
  put("/games.txt", names(201));
  const auto report = run_well({games});
  EXPECT_EQ(report.lists.at(0).kind, OutcomeKind::kept);
  EXPECT_THAT(report.lists[0].why, HasSubstr("checksum"));
  EXPECT_FALSE(covers("n200.example"));
}

TEST_F(UpdateTest, SignaturesMustFitAndMayNotGoBack) {
  const Minisigner signer;
  games.signature = server.url("/games.txt.minisig");
  games.public_key = folder.write("key.pub", signer.public_key());
  const auto publish = [&](int count, std::uint64_t timestamp) {
    put("/games.txt", names(count));
    put("/games.txt.minisig", signer.sign(names(count), timestamp));
  };
  publish(200, 1000);
  EXPECT_EQ(run_well({games}).lists.at(0).kind, OutcomeKind::fetched);
  publish(210, 2000);
  EXPECT_EQ(run_well({games}).lists.at(0).kind, OutcomeKind::fetched);
  EXPECT_EQ(store.source_states().at("games").version, "2000");
  publish(200, 1000);  // genuine, but old
  const auto old = run_well({games});
  EXPECT_EQ(old.lists.at(0).kind, OutcomeKind::kept);
  EXPECT_THAT(old.lists[0].why, HasSubstr("older"));
  EXPECT_TRUE(covers("n209.example"));
  put("/games.txt.minisig", Minisigner().sign(names(200), 3000));
  EXPECT_EQ(run_well({games}).lists.at(0).kind, OutcomeKind::kept);
  EXPECT_TRUE(covers("n209.example"));
}

TEST_F(UpdateTest, AListToAllowIsLeftOutUnlessForced) {
  put("/games.txt", names(200));
  UpdateSource white;
  white.name = "ut1-liste_blanche";
  white.category = "games";
  white.source = folder.write("white", names(20, "white")).string();
  const auto refused = run_well({games, white});
  EXPECT_EQ(refused.lists.at(1).kind, OutcomeKind::left_out);
  EXPECT_EQ(refused.refusals.at(0).gate, Gate::purpose);
  EXPECT_TRUE(covers("n7.example"));
  EXPECT_FALSE(covers("white7.example"));
  white.force = true;
  EXPECT_TRUE(run_well({games, white}).published);
  EXPECT_TRUE(covers("white7.example"));
}

TEST_F(UpdateTest, SealedListsLeaveNoTextInTheImageOrTheReport) {
  put("/sealed.txt", "worst-place.example/page\n" + names(20, "hidden") + "not a line of it\n");
  UpdateSource sealed = games;
  sealed.name = "iwf";
  sealed.category = "child-abuse";
  sealed.source = server.url("/sealed.txt");
  sealed.sealed = true;
  const auto report = run_well({sealed});
  ASSERT_TRUE(report.published);
  EXPECT_TRUE(covers("hidden7.example"));
  const std::string image = *read_file(report.published->path);
  EXPECT_THAT(image, testing::Not(HasSubstr("worst-place")));
  // Nor anywhere else under the state folder: what is kept of the fetched list is its tags.
  const auto no_text_is_left = [&] {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(store.folder().parent_path())) {
      if (!entry.is_regular_file()) continue;
      const std::string bytes = *read_file(entry.path());
      for (const std::string_view piece : {"worst-place", "hidden7", "not a line of it"})
        EXPECT_EQ(bytes.find(piece), std::string::npos) << piece << " in " << entry.path();
    }
  };
  no_text_is_left();
  // From which it is compiled again, with its counts, when it is not due.
  sealed.refresh = std::chrono::hours(480);
  const auto again = run_well({sealed});
  EXPECT_EQ(again.lists.at(0).kind, OutcomeKind::not_due);
  EXPECT_TRUE(again.unchanged);
  EXPECT_EQ(again.compiled.lists.at(0).hosts, 20u);
  EXPECT_EQ(again.compiled.lists.at(0).rejected, 1u);
  // A transfer that breaks leaves nothing of it either.
  cut_after = 60;
  options.ask_again = true;
  put("/sealed.txt", "worst-place.example/page\n" + names(21, "hidden"));
  EXPECT_EQ(run_well({sealed}).lists.at(0).kind, OutcomeKind::kept);
  no_text_is_left();
  EXPECT_TRUE(covers("hidden7.example"));
}

TEST_F(UpdateTest, AListWhoseAddressChangedIsFetchedWholeAndAtOnce) {
  put("/games.txt", names(200));
  (void)run_well({games});
  put("/other.txt", names(200));  // the same validator, as one server's may be
  games.source = server.url("/other.txt");
  games.refresh = std::chrono::hours(1000);
  const auto report = run_well({games});
  EXPECT_EQ(report.lists.at(0).kind, OutcomeKind::fetched);
  EXPECT_EQ(server.requests().back().headers.count("if-none-match"), 0u);
  EXPECT_EQ(run_well({games}).lists.at(0).kind, OutcomeKind::not_due);
}

// What the image in force closes stays closed, whatever became of the list behind it.
class LostListTest : public UpdateTest {
 protected:
  LostListTest() {
    put("/games.txt", names(200));
    bets = {.name = "bets", .category = "gambling", .source = folder.write("bets.txt", names(150, "b")).string()};
  }
  void forget(const std::string& list) { std::filesystem::remove_all(store.source(list)); }
  void expect_nothing_was_opened(const UpdateReport& report, const char* what) {
    EXPECT_FALSE(report.published) << what;
    EXPECT_TRUE(report.needs_attention()) << what;
    EXPECT_TRUE(covers("n7.example") && covers("b7.example")) << what;
  }
  UpdateSource bets;
};

TEST_F(LostListTest, ALocalListWithoutSourceAndCopyIsNamedAndNothingIsPublished) {
  (void)run_well({games, bets});
  std::filesystem::remove(bets.source);
  forget("bets");
  put("/games.txt", names(250));
  auto report = run_well({games, bets});
  expect_nothing_was_opened(report, "local");
  ASSERT_EQ(report.refusals.size(), 1u);
  EXPECT_EQ(report.refusals[0].list, "bets");
  EXPECT_THAT(report.refusals[0].explanation, HasSubstr("150 entries"));
  EXPECT_THAT(report.refusals[0].explanation, HasSubstr("not there"));
  EXPECT_FALSE(covers("n240.example"));
  (void)folder.write("bets.txt", names(150, "b"));
  report = run_well({games, bets});
  EXPECT_TRUE(report.published) << "it is back";
  EXPECT_TRUE(covers("n240.example")) << "what came meanwhile was not fetched for nothing";
}

TEST_F(LostListTest, AListThatLeftTheConfigurationIsNotLost) {
  (void)run_well({games, bets});
  EXPECT_TRUE(run_well({games}).published);
  EXPECT_FALSE(covers("b7.example"));
}

TEST_F(LostListTest, AllListsAtOnce) {
  (void)run_well({games, bets});
  std::filesystem::remove(bets.source);
  forget("bets");
  forget("games");
  files.clear();
  expect_nothing_was_opened(run_well({games, bets}), "no list at all");
}

TEST_F(LostListTest, AListWhosePurposeTheCatalogueDoubtsNow) {
  (void)run_well({games, bets});
  bets.source = folder.write("ut1/liste_blanche", names(150, "b")).string();
  bets.name = "bets";
  const auto report = run_well({games, bets});
  expect_nothing_was_opened(report, "purpose");
}

TEST_F(LostListTest, AcceptedContentThatReadsAsNothingNow) {
  (void)run_well({games, bets});
  games.refresh = std::chrono::hours(1000);
  ASSERT_TRUE(replace_file(store.source("games"), "n1.example\n"));
  expect_nothing_was_opened(run_well({games, bets}), "cut short on disk");
  ASSERT_TRUE(replace_file(store.source("games"), names(200)));
  games.format = Format::urls;
  UpdateSource rewritten = games;
  rewritten.format = Format::rpz;  // "n7.example" has no record type
  expect_nothing_was_opened(run_well({rewritten, bets}), "another format");
}

TEST_F(LostListTest, ASealedFolderWhoseDiskIsAwayIsCarriedOver) {
  bets.sealed = true;
  bets.format = Format::squidguard;
  bets.source = (folder.path() / "secure").string();
  (void)folder.write("secure/domains", names(150, "b"));
  (void)folder.write("secure/urls", "u.example/x/y\n");
  (void)run_well({games, bets});
  std::filesystem::remove_all(bets.source);
  put("/games.txt", names(250));
  for (int i = 0; i < 2; ++i) {
    const auto report = run_well({games, bets});
    EXPECT_TRUE(covers("b7.example") && covers("http://www.u.example/x/y/z")) << i;
    EXPECT_FALSE(covers("http://u.example/z")) << i;
    EXPECT_TRUE(covers("n240.example")) << "the others go on: " << i;
    EXPECT_EQ(report.lists.at(1).kind, OutcomeKind::kept) << i;
    EXPECT_THAT(report.lists.at(1).why, HasSubstr("not there")) << i;
    const auto db = *store.open_current();
    EXPECT_EQ(db->lists()[1].hosts + db->lists()[1].urls, 151u) << i;
  }
}

TEST_F(UpdateTest, RollbackGoesBackAndTheSameImageDoesNotReturnByItself) {
  put("/games.txt", names(200));
  (void)run_well({games});
  put("/games.txt", names(201));
  (void)run_well({games});
  EXPECT_TRUE(covers("n200.example"));
  ASSERT_TRUE(store.rollback());
  EXPECT_FALSE(covers("n200.example"));
  const auto again = run(std::vector{games});
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().what, HasSubstr("rolled back"));
  EXPECT_FALSE(covers("n200.example"));
}

TEST_F(UpdateTest, TwoAtATimeAreNotAllowed) {
  const auto held = store.lock();
  ASSERT_TRUE(held);
  const auto refused = run(std::vector{games});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("under way"));
}

TEST_F(UpdateTest, APersonsUpdateWaitsForTheOneThatIsUnderWay) {
  std::optional held = store.lock();
  ASSERT_TRUE(*held);
  std::jthread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    held.reset();
  });
  std::vector<std::string> steps;
  options.patience = std::chrono::minutes(1);
  options.progress = [&](std::string_view step, const Progress&) { steps.emplace_back(step); };
  const auto done = run(std::vector{games});
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(steps.front(), "waiting for another update of the lists");
}

}  // namespace
}  // namespace schoolgate::blocklists
