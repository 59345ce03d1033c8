#include "casework/incidents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/casework/desk_support.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class IncidentsOfTheDesk : public DeskFixture {
 protected:
  std::string opened(std::vector<IncidentSubject> subjects = {
                         {.person = "amelia.hughes", .role = SubjectRole::child}}) {
    auto id = incidents().open(kDsl, {.title = "Repeated attempts", .episodes = {}, .subjects = std::move(subjects)},
                               kSchoolDay);
    if (!id) throw std::runtime_error(id.error().text());
    return *id;
  }
  Incidents incidents() { return Incidents(*desk_); }
  Incident read(const std::string& id) { return **incidents().find(kDsl, id); }
};

TEST_F(IncidentsOfTheDesk, FromOpeningToClosingEverythingIsKept) {
  const std::string id = opened();
  const std::string episode = Uuid::v7(kSchoolDay).text();
  auto all = incidents();
  ASSERT_TRUE(all.add_episode(kDsl, id, episode, kSchoolDay));
  ASSERT_TRUE(all.set_subject(
      kDsl, id, {.person = "ben.jones", .role = SubjectRole::bystander, .year_group = "Year 4", .vulnerable = true},
      kSchoolDay));
  ASSERT_TRUE(all.add_note(kDeputy, id, "Spoke with the class teacher.\r\nMore tomorrow.", kSchoolDay + 1min));
  ASSERT_TRUE(all.add_action(kDsl, id,
                             {.kind = ActionKind::parent_informed,
                              .date = "2026-11-23",
                              .who = "Mrs Hughes",
                              .how = "telephone",
                              .reference = ""},
                             kSchoolDay));
  ASSERT_TRUE(all.add_action(
      kDsl, id, {.kind = ActionKind::iwf, .date = "2026-11-24", .who = "IWF", .how = "form", .reference = "IWF-1"},
      kSchoolDay));
  ASSERT_TRUE(all.set_review(kDsl, id, "2026-12-07", kSchoolDay));
  ASSERT_TRUE(all.set_lessons(kDsl, id, "Supervise the library.", "rule 17", kSchoolDay));
  ASSERT_TRUE(all.set_case_reference(kDsl, id, "CPOMS-4711", kSchoolDay));
  EXPECT_FALSE(all.close(kDsl, id, "done", kSchoolDay)) << "not assessed yet";
  ASSERT_TRUE(all.assess(kDsl, id, Assessment::accidental, "a mistyped word", kSchoolDay + 2min));
  EXPECT_FALSE(all.close(kDsl, id, "  ", kSchoolDay)) << "no outcome";
  ASSERT_TRUE(all.close(kHead, id, "Talked through with parents.", kSchoolDay + 24h));

  reopen();
  const Incident incident = read(id);
  EXPECT_THAT(incident.episodes, ElementsAre(episode));
  ASSERT_EQ(incident.subjects.size(), 2u);
  EXPECT_EQ(incident.subjects[1].year_group, "Year 4");
  EXPECT_TRUE(incident.subjects[1].vulnerable);
  ASSERT_EQ(incident.notes.size(), 1u);
  EXPECT_EQ(incident.notes[0].text, "Spoke with the class teacher.\nMore tomorrow.");
  EXPECT_EQ(incident.notes[0].by, "d.eputy");
  ASSERT_EQ(incident.actions.size(), 2u);
  EXPECT_EQ(incident.actions[1].reference, "IWF-1");
  EXPECT_EQ(incident.assessment, Assessment::accidental);
  EXPECT_EQ(incident.case_reference, "CPOMS-4711");
  EXPECT_EQ(incident.closed_by, "h.ead");
  EXPECT_FALSE(incidents().add_action(
      kDsl, id, {.kind = ActionKind::other, .date = "2026-11-25", .who = "Ms Ali", .how = "meeting"}, kSchoolDay))
      << "closed";
  EXPECT_TRUE(incidents().add_note(kDsl, id, "Later it came out that …", kSchoolDay + 48h));
  ASSERT_TRUE(incidents().reopen(kDsl, id, "new facts", kSchoolDay + 48h));
  EXPECT_TRUE(incidents().add_action(
      kDsl, id, {.kind = ActionKind::other, .date = "2026-11-25", .who = "Ms Ali", .how = "meeting"}, kSchoolDay));
  EXPECT_GE(desk_->journal({.what = "incident", .about = incident.reference})->size(), 12u);
}

TEST_F(IncidentsOfTheDesk, NotesAreOnlyAdded) {
  const std::string id = opened();
  ASSERT_TRUE(incidents().add_note(kDsl, id, "first", kSchoolDay));
  EXPECT_FALSE(desk_->database().run("UPDATE incident_notes SET text = 'changed'").has_value());
  EXPECT_EQ(read(id).notes[0].text, "first");
}

TEST_F(IncidentsOfTheDesk, WhoeverIsASubjectDoesNotSeeIt) {
  const std::string id = opened({{.person = "d.eputy", .role = SubjectRole::staff}});
  EXPECT_FALSE(incidents().find(kDeputy, id)->has_value());
  EXPECT_TRUE(incidents().list(kDeputy, {})->empty());
  EXPECT_FALSE(incidents().add_note(kDeputy, id, "not me", kSchoolDay).has_value());
  EXPECT_EQ(incidents().list(kHead, {})->size(), 1u);
  EXPECT_FALSE(incidents()
                   .open(kDsl, {.title = "me", .episodes = {}, .subjects = {{.person = "d.lead"}}}, kSchoolDay)
                   .has_value());
}

TEST_F(IncidentsOfTheDesk, OnlyThoseWhoLeadSafeguardingSeeAny) {
  const std::string id = opened();
  for (const Viewer& viewer : {kTechnician, kGovernor}) {
    EXPECT_FALSE(incidents().find(viewer, id)->has_value());
    EXPECT_TRUE(incidents().list(viewer, {})->empty());
    EXPECT_FALSE(incidents().open(viewer, {.title = "t", .episodes = {}, .subjects = {}}, kSchoolDay).has_value());
    EXPECT_FALSE(incidents().set_hold(viewer, id, true, "because", kSchoolDay).has_value());
  }
}

TEST_F(IncidentsOfTheDesk, ReviewsThatAreDueAreListed) {
  const std::string a = opened(), b = opened();
  ASSERT_TRUE(incidents().set_review(kDsl, a, "2026-12-07", kSchoolDay));
  ASSERT_TRUE(incidents().set_review(kDsl, b, "2026-12-24", kSchoolDay));
  const auto due = incidents().list(kDsl, {.review_due = "2026-12-10"});
  ASSERT_EQ(due->size(), 1u);
  EXPECT_EQ((*due)[0].id, a);
  EXPECT_EQ(incidents().list(kDsl, {.open = true})->size(), 2u);
  EXPECT_TRUE(incidents().list(kDsl, {.open = false})->empty());
  EXPECT_EQ(incidents().list(kDsl, {.person = "amelia.hughes"})->size(), 2u);
}

TEST_F(IncidentsOfTheDesk, UnfitTextsAreRefusedInEveryField) {
  const std::string id = opened();
  auto all = incidents();
  for (const std::string& text : unfit_texts()) {
    EXPECT_FALSE(all.open(kDsl, {.title = text, .episodes = {}, .subjects = {}}, kSchoolDay));
    EXPECT_FALSE(all.set_subject(kDsl, id, {.person = text}, kSchoolDay));
    EXPECT_FALSE(all.set_subject(kDsl, id, {.person = "x", .role = {}, .year_group = text}, kSchoolDay));
    EXPECT_FALSE(all.set_case_reference(kDsl, id, text, kSchoolDay));
    EXPECT_FALSE(all.add_action(kDsl, id, {.kind = ActionKind::other, .date = "2026-11-23", .who = text}, kSchoolDay));
    EXPECT_FALSE(all.add_action(kDsl, id, {.kind = ActionKind::other, .date = text}, kSchoolDay));
    EXPECT_FALSE(all.set_review(kDsl, id, text, kSchoolDay));
    EXPECT_FALSE(all.reopen(kDsl, id, text, kSchoolDay));
  }
  for (const char* day : {"23.11.2026", "2026-02-30", "2026-11-23T00:00:00Z", "2026-11-2"})
    EXPECT_FALSE(all.set_review(kDsl, id, day, kSchoolDay)) << day;
  EXPECT_FALSE(all.add_note(kDsl, id, "\xff", kSchoolDay));
  EXPECT_FALSE(all.add_note(kDsl, id, std::string(1 << 20, 'x'), kSchoolDay));
  EXPECT_TRUE(all.add_note(kDsl, id, kMarkup, kSchoolDay));
  EXPECT_EQ(read(id).notes[0].text, kMarkup) << "kept as typed; the page escapes it";
  EXPECT_FALSE(all.add_note(kDsl, "no-such' OR '1'='1", "x", kSchoolDay));
}

TEST_F(IncidentsOfTheDesk, NamesOfKindsAndRolesComeBack) {
  for (int i = 0; i < 12; ++i) EXPECT_EQ(action_kind_from(to_string(ActionKind(i))), ActionKind(i));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(subject_role_from(to_string(SubjectRole(i))), SubjectRole(i));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(assessment_from(to_string(Assessment(i))), Assessment(i));
  EXPECT_FALSE(action_kind_from("x").has_value());
}

}  // namespace
}  // namespace schoolgate::casework
