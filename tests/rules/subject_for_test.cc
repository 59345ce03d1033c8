// Who is in which group, and how sure we are.
#include "rules/explain.h"
#include "rules/presence.h"
#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using namespace test;

constexpr const char* kRoom = "10.20.2.9";  // ks2

PolicySpec school_of_people() {
  PolicySpec spec = school();
  spec.groups[0].directory_groups = {{"Year 1", {}}, {"Reception", {}}};
  spec.groups[1].directory_groups = {{"year 5", {}}, {"Pupils", {}}};
  spec.groups[2].users = {{"Head.Teacher", {}}};
  spec.groups[2].directory_groups = {{"Teachers", {}}, {"pupils", {}}};
  spec.groups.push_back(group("visitors", "10.20.9.0/24"));
  spec.groups[3].devices = {{"phone", {}}, {"unknown", {}}};
  return spec;
}

class SubjectFor : public ::testing::Test {
 protected:
  Subject find(const char* address, const Presence* presence) {
    return snapshot_->subject_for(*names::IpAddress::parse(address), presence);
  }
  std::string_view group_of(const Presence& presence, const char* address = kRoom) {
    return snapshot_->group_id(find(address, &presence).group);
  }
  void is(std::string user, std::vector<std::string> groups, Confidence confidence = Confidence::login) {
    presence_.person =
        Person{.user = std::move(user), .groups = std::move(groups), .confidence = confidence, .source = "radius"};
  }
  std::shared_ptr<const PolicySnapshot> snapshot_ = compiled(school_of_people());
  Presence presence_;
};

TEST_F(SubjectFor, WithoutAPresenceItIsTheAddress) {
  const Subject subject = find(kRoom, nullptr);
  EXPECT_EQ(snapshot_->group_id(subject.group), "ks2");
  EXPECT_EQ(subject.confidence, Confidence::network);
  EXPECT_EQ(subject.source, "network");
  EXPECT_EQ(subject.chosen_by, ChosenBy::network);
  EXPECT_EQ(subject.user, "");
  EXPECT_EQ(find("192.0.2.1", nullptr).chosen_by, ChosenBy::fallback);
  EXPECT_EQ(find("192.0.2.1", nullptr).source, "");
}

TEST_F(SubjectFor, AUserOutranksGroupsDevicesAndNetworks) {
  is("head.teacher", {"year 1"});
  presence_.device.kind = "phone";
  const Subject subject = find(kRoom, &presence_);
  EXPECT_EQ(snapshot_->group_id(subject.group), "staff");
  EXPECT_EQ(subject.chosen_by, ChosenBy::user);
  EXPECT_EQ(subject.user, "head.teacher");
  EXPECT_EQ(subject.confidence, Confidence::login);
  EXPECT_EQ(subject.source, "radius");
  EXPECT_EQ(subject.presence, &presence_);
}

TEST_F(SubjectFor, TheFirstPolicyGroupThatNamesOneOfTheirGroups) {
  is("amelia.hughes", {"pupils", "year 1"});
  EXPECT_EQ(group_of(presence_), "ks1") << "the order is that of the policy, not of the directory";
  is("amelia.hughes", {"pupils"});
  EXPECT_EQ(group_of(presence_), "ks2") << "two groups name it, the first counts";
  is("amelia.hughes", {"domain users", "teachers"});
  EXPECT_EQ(group_of(presence_), "staff");
  EXPECT_EQ(find(kRoom, &presence_).chosen_by, ChosenBy::directory_group);
}

TEST_F(SubjectFor, AKindOfDeviceOutranksTheNetwork) {
  presence_.device = {.mac = "02:00:5e:10:00:01", .kind = "phone"};
  const Subject subject = find(kRoom, &presence_);
  EXPECT_EQ(snapshot_->group_id(subject.group), "visitors");
  EXPECT_EQ(subject.chosen_by, ChosenBy::device);
  EXPECT_EQ(subject.confidence, Confidence::device);
  EXPECT_EQ(subject.source, "device");
  presence_.device.kind = "school";
  EXPECT_EQ(group_of(presence_), "ks2") << "a kind that no group names";
  EXPECT_EQ(find(kRoom, &presence_).confidence, Confidence::device) << "but the device is known";
  presence_.device.kind = "unknown";
  EXPECT_EQ(group_of(presence_), "visitors");
}

TEST_F(SubjectFor, APersonWhomNoGroupNamesIsKnownAllTheSame) {
  is("class:robins", {"nobody asks"}, Confidence::class_login);
  const Subject subject = find(kRoom, &presence_);
  EXPECT_EQ(snapshot_->group_id(subject.group), "ks2");
  EXPECT_EQ(subject.chosen_by, ChosenBy::network);
  EXPECT_EQ(subject.user, "class:robins");
  EXPECT_EQ(subject.confidence, Confidence::class_login);
  EXPECT_EQ(group_of(presence_, "192.0.2.1"), "ks2") << "the fallback";
}

TEST_F(SubjectFor, ADeviceWithoutOurCertificateIsNeverOpened) {
  PolicySpec spec = school_of_people();
  spec.inspection = InspectionMode::always;
  const auto snapshot = compiled(spec);
  const Request request = connect("a.example");
  const auto verdict = [&] {
    const Subject subject = snapshot->subject_for(*names::IpAddress::parse(kRoom), &presence_);
    EXPECT_EQ(snapshot->why_inspect(subject, request, sunday_noon()).reason,
              snapshot->decide(subject, request, Stage::connect, sunday_noon()).inspect_reason);
    return snapshot->decide(subject, request, Stage::connect, sunday_noon());
  };
  EXPECT_TRUE(verdict().inspect);
  presence_.device.by_name_only = true;
  EXPECT_FALSE(verdict().inspect);
  EXPECT_EQ(verdict().inspect_reason, InspectReason::by_name_only);
  EXPECT_TRUE(must_not_open(verdict().inspect_reason)) << "not even for a page";
}

TEST_F(SubjectFor, AGroupWithoutOurCertificateIsNeverOpened) {
  PolicySpec spec = school_of_people();
  spec.inspection = InspectionMode::always;
  for (GroupSpec& group : spec.groups) group.certificate = false;
  const auto without = compiled(spec);
  const Request request = connect("a.example");
  const Subject subject = without->subject_for(*names::IpAddress::parse(kRoom), &presence_);
  const Verdict verdict = without->decide(subject, request, Stage::connect, sunday_noon());
  EXPECT_FALSE(verdict.inspect);
  EXPECT_EQ(verdict.inspect_reason, InspectReason::no_certificate);
  EXPECT_TRUE(must_not_open(verdict.inspect_reason)) << "not even for a page";
  const Inspection why = without->why_inspect(subject, request, sunday_noon());
  EXPECT_EQ(why.reason, InspectReason::no_certificate);
  EXPECT_NE(explain_inspection(*without, subject.group, why).find("certificate: false"), std::string::npos);
  EXPECT_EQ(to_string(why.reason), "no_certificate");
  // Of a device that takes none in such a group, the device is named: its register outlives a change of the group.
  presence_.device.by_name_only = true;
  const Subject console = without->subject_for(*names::IpAddress::parse(kRoom), &presence_);
  EXPECT_EQ(without->decide(console, request, Stage::connect, sunday_noon()).inspect_reason,
            InspectReason::by_name_only);
}

}  // namespace
}  // namespace schoolgate::rules
