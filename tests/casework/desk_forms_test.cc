// Checklists, reports of pages, sealed releases, checks and measures: the smaller parts of the desk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/uuid.h"
#include "breaches/audit_log.h"
#include "breaches/verify.h"
#include "casework/checklists.h"
#include "casework/checks_log.h"
#include "casework/entries.h"
#include "casework/measures.h"
#include "casework/page_reports.h"
#include "casework/sealed_release.h"
#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using ChecklistsOfTheDesk = DeskFixture;

TEST_F(ChecklistsOfTheDesk, EveryThemeHasStepsAndContacts) {
  for (const std::string& theme : checklist_themes()) {
    const Checklist list = built_in_checklist(theme, false);
    EXPECT_EQ(list.theme, theme);
    EXPECT_FALSE(list.steps.empty()) << theme;
    EXPECT_FALSE(list.contacts.empty()) << theme;
  }
  EXPECT_THAT(built_in_checklist("pornography", true).steps[0], HasSubstr("Do not open"));
  EXPECT_EQ(built_in_checklist("extremism", true).theme, "terrorism");
  EXPECT_EQ(built_in_checklist("something of our own", false).theme, "other");
}

TEST_F(ChecklistsOfTheDesk, TheSchoolsOwnIsKeptAndCanBeTakenBack) {
  Checklists lists(*desk_);
  Checklist own = built_in_checklist("gambling", false);
  own.steps = {"Tell the head of year.", kMarkup};
  own.contacts = {{"Ms Ali", "ext. 12"}};
  ASSERT_TRUE(lists.edit(kDsl, own, kSchoolDay).has_value());
  reopen();
  const auto found = Checklists(*desk_).find("gambling", false);
  EXPECT_THAT(found->steps, ElementsAre("Tell the head of year.", kMarkup));
  EXPECT_EQ(found->contacts[0].reach, "ext. 12");
  EXPECT_EQ(found->edited_by, "d.lead");
  ASSERT_TRUE(Checklists(*desk_).reset(kDsl, "gambling", kSchoolDay).has_value());
  EXPECT_TRUE(Checklists(*desk_).find("gambling", false)->edited_by.empty());
}

TEST_F(ChecklistsOfTheDesk, UnfitOnesAreRefused) {
  Checklists lists(*desk_);
  Checklist own = built_in_checklist("gambling", false);
  for (const std::string& text : unfit_texts()) {
    own.steps = {text};
    EXPECT_FALSE(lists.edit(kDsl, own, kSchoolDay).has_value());
    own.steps = {"a"};
    own.contacts = {{text, "x"}};
    EXPECT_FALSE(lists.edit(kDsl, own, kSchoolDay).has_value());
    own.contacts = {};
  }
  own.contacts = {{"tab\there", "x"}};
  EXPECT_FALSE(lists.edit(kDsl, own, kSchoolDay).has_value());
  own.contacts = {};
  own.steps.assign(21, "a");
  EXPECT_FALSE(lists.edit(kDsl, own, kSchoolDay).has_value());
  own.steps = {"a"};
  own.theme = "no such";
  EXPECT_FALSE(lists.edit(kDsl, own, kSchoolDay).has_value());
  own.theme = "gambling";
  EXPECT_FALSE(lists.edit(kTechnician, own, kSchoolDay).has_value());
}

class PageReportsOfTheDesk : public DeskFixture {
 protected:
  PageReport a_report() {
    PageReport report;
    report.kind = PageReport::Kind::unsuitable;
    report.address = "https://games.example/page?pupil=jo#x";
    report.said = "There is <b>fighting</b>";
    report.name = "Ms Ali";
    report.person = "s.ali";
    report.device = "10.20.8.3";
    report.group = "staff";
    return report;
  }
};

TEST_F(PageReportsOfTheDesk, LandInAQueueWithoutTheirQuery) {
  PageReports reports(*desk_);
  const auto reference = reports.submit(a_report(), false, kSchoolDay);
  ASSERT_TRUE(reference.has_value());
  const auto report = **reports.find(kDsl, *reference);
  EXPECT_EQ(report.address, "https://games.example/page?\u2026");
  EXPECT_EQ(report.said, "There is <b>fighting</b>");
  EXPECT_EQ(report.name, "Ms Ali");
  EXPECT_EQ(*reports.open_count(), 1u);
  ASSERT_TRUE(reports.handle(kTechnician, report.id, PageReport::State::changed, "blocked for ks2", kSchoolDay + 2h));
  EXPECT_EQ(*reports.open_count(), 0u);
  EXPECT_EQ((*reports.find(kDsl, *reference))->handled_by, "t.ech");
  EXPECT_EQ((*reports.find(kDsl, *reference))->handled_at, kSchoolDay + 2h);
  EXPECT_TRUE(reports.list(kDsl, {.only_open = true})->empty());
  EXPECT_EQ(reports.list(kDsl, {.state = PageReport::State::changed})->size(), 1u);
  EXPECT_TRUE(reports.list(kDsl, {.kind = PageReport::Kind::wrongly_blocked})->empty());
}

TEST_F(PageReportsOfTheDesk, TechniciansSeeNoNameAndGovernorsNothing) {
  PageReports reports(*desk_);
  const auto reference = reports.submit(a_report(), false, kSchoolDay);
  EXPECT_TRUE((*reports.find(kTechnician, *reference))->name.empty());
  EXPECT_TRUE((*reports.find(kTechnician, *reference))->person.empty());
  EXPECT_TRUE(reports.list(kGovernor, {})->empty());
  EXPECT_FALSE(reports.find(kGovernor, *reference)->has_value());
  EXPECT_FALSE(reports.handle(kGovernor, *reference, PageReport::State::declined, "", kSchoolDay).has_value());
}

// Whoever wrote it then knew of no reader but lead and technician.
TEST_F(PageReportsOfTheDesk, WhatWasWrittenBeforeReportersCouldReadItStaysInside) {
  PageReports reports(*desk_);
  const auto reference = reports.submit(a_report(), false, kSchoolDay);
  const std::string id = (*reports.find(kDsl, *reference))->id;
  ASSERT_TRUE(desk_->change([&]() -> Result<void> {
    auto added =
        add_entry(desk_->database(), id,
                  {.field = "answer", .by = "t.ech", .at = kSchoolDay, .choice = "changed", .text = "Jo again"});
    if (!added) return std::unexpected(added.error());
    return {};
  }));
  ASSERT_TRUE(reports.handle(kTechnician, id, PageReport::State::changed, "blocked for ks2", kSchoolDay + 2h));
  const auto answer = *reports.answer_to(*reference);
  ASSERT_EQ(answer->texts.size(), 1u);
  EXPECT_EQ(answer->texts[0].second, "blocked for ks2");
  ASSERT_EQ((*reports.find(kDsl, *reference))->answers.size(), 2u);
  EXPECT_EQ((*reports.find(kDsl, *reference))->answers[0].text, "Jo again");
}

TEST_F(PageReportsOfTheDesk, ASealedAddressIsNotKept) {
  PageReports reports(*desk_);
  const auto reference = reports.submit(a_report(), true, kSchoolDay);
  EXPECT_EQ((*reports.find(kDsl, *reference))->address, "sealed");
}

TEST_F(PageReportsOfTheDesk, AreLimitedByDeviceAndInAll) {
  PageReports reports(*desk_);
  for (std::size_t i = 0; i < PageReports::kPerDeviceAnHour; ++i)
    ASSERT_TRUE(reports.submit(a_report(), false, kSchoolDay + std::chrono::seconds(i)).has_value());
  const auto refused = reports.submit(a_report(), false, kSchoolDay + 1min);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().fault, Fault::client);
  PageReport other = a_report();
  other.device = "10.20.8.4";
  EXPECT_TRUE(reports.submit(other, false, kSchoolDay + 1min).has_value());
  EXPECT_TRUE(reports.submit(a_report(), false, kSchoolDay + 62min).has_value());
}

TEST_F(PageReportsOfTheDesk, UnfitTextsAreRefused) {
  PageReports reports(*desk_);
  for (const std::string& text : unfit_texts()) {
    PageReport report = a_report();
    report.address = text;
    EXPECT_FALSE(reports.submit(report, false, kSchoolDay).has_value());
    report = a_report();
    report.name = text;
    EXPECT_FALSE(reports.submit(report, false, kSchoolDay).has_value());
    report = a_report();
    report.breach_reference = text;
    EXPECT_FALSE(reports.submit(report, false, kSchoolDay).has_value());
  }
  PageReport empty = a_report();
  empty.address = "  ";
  EXPECT_FALSE(reports.submit(empty, false, kSchoolDay).has_value());
  EXPECT_EQ(*reports.open_count(), 0u);
}

class SealedAddress : public DeskFixture {
 protected:
  void SetUp() override {
    DeskFixture::SetUp();
    keep({illegal(breach_of("amelia.hughes", kSchoolDay)), illegal(breach_of("amelia.hughes", kSchoolDay + 1s))});
    episode_ = only_episode().row.id;
  }
  Result<std::string> ask(const Viewer& viewer = kDsl) {
    return SealedRelease(*desk_).ask(viewer, episode_, "amelia.hughes", "report to the Internet Watch Foundation",
                                     "IWF", kSchoolDay);
  }
  std::string episode_;
};

TEST_F(SealedAddress, IsShownOnceToTheOneWhoAskedAfterAnotherAgreed) {
  SealedRelease release(*desk_);
  const auto id = ask();
  ASSERT_TRUE(id.has_value()) << id.error().text();
  EXPECT_FALSE(release.show(kDsl, *id, kSchoolDay).has_value()) << "nobody agreed yet";
  EXPECT_FALSE(release.decide(kDsl, *id, true, kSchoolDay).has_value()) << "the same person";
  EXPECT_FALSE(release.decide(kTechnician, *id, true, kSchoolDay).has_value());
  ASSERT_TRUE(release.decide(kHead, *id, true, kSchoolDay + 1min).has_value());
  EXPECT_FALSE(release.show(kHead, *id, kSchoolDay + 2min).has_value()) << "did not ask";
  const auto shown = release.show(kDsl, *id, kSchoolDay + 2min);
  ASSERT_TRUE(shown.has_value()) << shown.error().text();
  ASSERT_EQ(shown->size(), 2u);
  EXPECT_EQ((*shown)[0].url, "http://never-shown.example/secret-path?x=1");
  EXPECT_FALSE(release.show(kDsl, *id, kSchoolDay + 3min).has_value()) << "a second time";
  EXPECT_EQ(release.list(kDsl, episode_, kSchoolDay)->front().state, ReleaseRequest::State::shown);
  EXPECT_EQ(desk_->journal({.what = "release"})->size(), 3u);
  for (const JournalEntry& entry : *desk_->journal({})) EXPECT_EQ(entry.detail.find("never-shown"), std::string::npos);
}

TEST_F(SealedAddress, NobodyAsksOrAgreesAboutThemselvesOrWithoutPurpose) {
  SealedRelease release(*desk_);
  EXPECT_FALSE(ask(kTechnician).has_value());
  EXPECT_FALSE(ask(kGovernor).has_value());
  EXPECT_FALSE(release.ask(kDsl, episode_, "d.lead", "report to the IWF", "IWF", kSchoolDay).has_value());
  EXPECT_FALSE(release.ask(kDsl, episode_, "amelia.hughes", "why not", "IWF", kSchoolDay).has_value());
  EXPECT_FALSE(release.ask(kDsl, episode_, "amelia.hughes", "report to the IWF", " ", kSchoolDay).has_value());
  const auto id = release.ask(kDsl, episode_, "h.ead", "report to the IWF", "IWF", kSchoolDay);
  EXPECT_FALSE(release.decide(kHead, *id, true, kSchoolDay).has_value());
  EXPECT_TRUE(release.list(kHead, {}, kSchoolDay)->empty());
}

TEST_F(SealedAddress, ARefusalAndTheClockEndARequest) {
  SealedRelease release(*desk_);
  const auto refused = ask();
  ASSERT_TRUE(release.decide(kHead, *refused, false, kSchoolDay).has_value());
  EXPECT_FALSE(release.decide(kDeputy, *refused, true, kSchoolDay).has_value());
  EXPECT_FALSE(release.show(kDsl, *refused, kSchoolDay).has_value());
  const auto late = ask();
  ASSERT_TRUE(release.decide(kHead, *late, true, kSchoolDay).has_value());
  EXPECT_FALSE(release.show(kDsl, *late, kSchoolDay + 25h).has_value());
  const auto old = ask();
  EXPECT_FALSE(release.decide(kHead, *old, true, kSchoolDay + 25h).has_value());
  const auto listed = release.list(kDsl, episode_, kSchoolDay + 25h);
  EXPECT_EQ(std::ranges::count(*listed, ReleaseRequest::State::expired, &ReleaseRequest::state), 2);
  EXPECT_EQ(std::ranges::count(*listed, ReleaseRequest::State::refused, &ReleaseRequest::state), 1);
}

TEST_F(SealedAddress, IsInNoFileInClear) {
  const auto id = ask();
  ASSERT_TRUE(SealedRelease(*desk_).decide(kHead, *id, true, kSchoolDay).has_value());
  ASSERT_TRUE(SealedRelease(*desk_).show(kDsl, *id, kSchoolDay).has_value());
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    const auto text = read_file(entry.path());
    ASSERT_TRUE(text.has_value());
    EXPECT_EQ(text->find("never-shown"), std::string::npos) << entry.path();
    EXPECT_EQ(text->find("secret-path"), std::string::npos) << entry.path();
  }
}

TEST_F(SealedAddress, CannotBeReadWithAnotherKey) {
  const auto id = ask();
  ASSERT_TRUE(SealedRelease(*desk_).decide(kHead, *id, true, kSchoolDay).has_value());
  std::filesystem::remove(folder_.path() / "state.key");
  reopen();
  EXPECT_FALSE(SealedRelease(*desk_).show(kDsl, *id, kSchoolDay).has_value());
}

using ChecksOfTheDesk = DeskFixture;

TEST_F(ChecksOfTheDesk, AreKeptWithWhoWhenAndResult) {
  ChecksLog checks(*desk_);
  CheckRun run{.id = {}, .at = kSchoolDay, .by = "t.ech", .kind = "selftest", .devices = "a tablet", .results = {}};
  run.results = {{"ks2", "explicit", "a gambling page", "block", "block", true},
                 {"ks2", "inside TLS", "a search", "block", "allow", false},
                 {"staff", "explicit", "a lesson", "allow", "allow", true}};
  const auto id = checks.record(run, kSchoolDay);
  ASSERT_TRUE(id.has_value());
  ASSERT_TRUE(checks.set_action(kTechnician, *id, "rule mended", kSchoolDay).has_value());
  const auto kept = **checks.find(*id);
  EXPECT_EQ(kept.good, 2u);
  EXPECT_EQ(kept.total, 3u);
  EXPECT_EQ(kept.action, "rule mended");
  EXPECT_EQ(kept.results[1].found, "allow");
  run.results = {{"ks2", "inside TLS", "a search", "block", "block", true}};
  run.at = kSchoolDay + 24h;
  ASSERT_TRUE(checks.record(run, kSchoolDay + 24h).has_value());
  const auto matrix = checks.matrix();
  ASSERT_EQ(matrix->size(), 3u);
  EXPECT_EQ((*matrix)[1].mode, "inside TLS");
  EXPECT_EQ((*matrix)[1].good, 1u);
  EXPECT_EQ((*matrix)[1].total, 1u);
  EXPECT_EQ(checks.list(kSchoolDay, kSchoolDay + 1h)->size(), 1u);
  for (const std::string& text : unfit_texts()) {
    run.results[0].what = text;
    EXPECT_FALSE(checks.record(run, kSchoolDay).has_value());
  }
  run.results.clear();
  EXPECT_FALSE(checks.record(run, kSchoolDay).has_value());
}

class MeasuresOfTheDesk : public DeskFixture {
 protected:
  rules::Measure emergency() {
    rules::Measure measure;
    measure.sites = {"shock.example", "other.example/video"};
    measure.by = "d.lead";
    measure.why = "shared in class";
    measure.from = kSchoolDay;
    measure.until = kSchoolDay + 24h;
    return measure;
  }
  breaches::MachineUser user_{.uid = 0, .name = "schoolgate", .sudo_user = {}};
};

TEST_F(MeasuresOfTheDesk, AreInForceUntilTheirTimeOrTakenBackAndAudited) {
  auto audit = breaches::AuditLog::open(folder_.path());
  MeasureStore measures(*desk_, audit->get());
  const auto id = measures.open(emergency(), user_, kSchoolDay);
  ASSERT_TRUE(id.has_value()) << id.error().text();
  rules::Measure session = emergency();
  session.kind = rules::Measure::Kind::supervised;
  session.groups = {"ks1"};
  session.networks = {*names::IpNetwork::parse("10.20.1.0/28")};
  session.until = kSchoolDay + 30min;
  ASSERT_TRUE(measures.open(session, user_, kSchoolDay + 1s).has_value());

  reopen();
  MeasureStore again(*desk_, audit->get());
  const auto in_force = again.in_force(kSchoolDay + 1min);
  ASSERT_EQ(in_force->size(), 2u);
  EXPECT_EQ((*in_force)[0].sites, emergency().sites);
  EXPECT_EQ((*in_force)[1].networks, session.networks);
  EXPECT_EQ((*in_force)[1].kind, rules::Measure::Kind::supervised);
  EXPECT_EQ(again.in_force(kSchoolDay + 31min)->size(), 1u);
  ASSERT_TRUE(again.close(*id, "h.ead", "all clear", user_, kSchoolDay + 2min).has_value());
  EXPECT_EQ(again.in_force(kSchoolDay + 31min)->size(), 0u);
  EXPECT_FALSE(again.close(*id, "h.ead", "again", user_, kSchoolDay + 3min).has_value());
  EXPECT_EQ((*again.find(*id))->closed_by, "h.ead");
  EXPECT_EQ(again.list()->size(), 2u);

  std::string told;
  ASSERT_TRUE(breaches::list_audit(folder_.path(), [&](std::string_view record) {
                told += record;
                told += '\n';
                return true;
              }).has_value());
  EXPECT_EQ(lines_of(told).size(), 3u);
  EXPECT_THAT(told, HasSubstr(R"("what":"measure")"));
  EXPECT_THAT(told, HasSubstr("site: shock.example"));
  EXPECT_THAT(told, HasSubstr("taken back by: h.ead"));
  EXPECT_FALSE(breaches::verify_audit(folder_.path())->fault.has_value());
  EXPECT_EQ(desk_->journal({.what = "measure"})->size(), 3u);
}

TEST_F(MeasuresOfTheDesk, AnEmergencyMayStayUntilItIsTakenBack) {
  MeasureStore measures(*desk_, nullptr);
  rules::Measure measure = emergency();
  measure.until = TimePoint::max();
  ASSERT_TRUE(measures.open(measure, user_, kSchoolDay).has_value());
  EXPECT_EQ(measures.in_force(kSchoolDay + 24h * 365)->size(), 1u);
}

TEST_F(MeasuresOfTheDesk, OneThatIsKnownOpenOrClosedIsNotPutBack) {
  MeasureStore measures(*desk_, nullptr);
  rules::Measure lost = emergency();
  lost.id = Uuid::v7(kSchoolDay).text();
  const auto put_back = [&] { return measures.put_back(lost, user_, kSchoolDay + 1h).value(); };
  EXPECT_TRUE(put_back());
  const auto in_force = measures.in_force(kSchoolDay + 1h).value();
  ASSERT_EQ(in_force.size(), 1u);
  EXPECT_EQ(in_force[0].id, lost.id);
  EXPECT_EQ(in_force[0].by, lost.by);
  EXPECT_EQ(in_force[0].from, lost.from);
  EXPECT_EQ(in_force[0].until, lost.until);
  EXPECT_FALSE(put_back()) << "it is open";
  ASSERT_TRUE(measures.close(lost.id, "h.ead", "all clear", user_, kSchoolDay + 2h).has_value());
  EXPECT_FALSE(put_back()) << "it was taken back";
  EXPECT_EQ(measures.in_force(kSchoolDay + 2h)->size(), 0u);
  const auto journal = desk_->journal({.what = "measure"}).value();
  ASSERT_EQ(journal.size(), 2u);
  EXPECT_TRUE(std::ranges::any_of(journal, [](const auto& line) { return line.detail.contains("put back"); }));
}

TEST_F(MeasuresOfTheDesk, UnfitOnesAreRefused) {
  MeasureStore measures(*desk_, nullptr);
  const auto refused = [&](auto change) {
    rules::Measure measure = emergency();
    change(measure);
    const auto opened = measures.open(measure, user_, kSchoolDay);
    return !opened && opened.error().fault == Fault::client;
  };
  using Kind = rules::Measure::Kind;
  EXPECT_TRUE(refused([](auto& m) { m.sites.clear(); }));
  EXPECT_TRUE(refused([](auto& m) { m.why = " "; }));
  EXPECT_TRUE(refused([](auto& m) { m.by.clear(); }));
  EXPECT_TRUE(refused([](auto& m) { m.until = m.from; }));
  EXPECT_TRUE(refused([](auto& m) { m.groups = {"ks2"}; }));
  EXPECT_TRUE(refused([](auto& m) { m.kind = Kind::supervised; }));
  EXPECT_TRUE(refused([](auto& m) {
    m.kind = Kind::supervised;
    m.groups = {"ks1"};
  })) << "longer than an hour";
  EXPECT_TRUE(refused([](auto& m) {
    m.kind = Kind::exam;
    m.groups = {"ks2"};
  })) << "longer than twelve hours";
  for (const std::string& text : unfit_texts()) {
    EXPECT_TRUE(refused([&](auto& m) { m.sites = {text}; }));
    EXPECT_TRUE(refused([&](auto& m) { m.why = text; }));
    EXPECT_TRUE(refused([&](auto& m) { m.by = text; }));
  }
  EXPECT_TRUE(measures.list()->empty());
}

}  // namespace
}  // namespace schoolgate::casework
