#include "casework/pink_slip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "breaches/flat_json.h"
#include "casework/case_system.h"
#include "tests/casework/desk_support.h"
#include "tests/casework/receiver.h"

namespace schoolgate::casework {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class PinkSlipOfTheDesk : public DeskFixture {
 protected:
  PinkSlip slip(std::string name = "Amelia Hughes", const Incident* incident = nullptr) {
    const EpisodeDetail episode = only_episode();
    return pink_slip(
        {.school = "Ashford Oaks Primary School", .gateway = "gw-1", .local_time = east, .person_name = name}, episode,
        built_in_checklist(episode.row.theme, episode.row.illegal), incident);
  }
};

TEST_F(PinkSlipOfTheDesk, HasChildSiteDateTimeAndLengthOfTime) {
  keep({breach_of("amelia.hughes", kSchoolDay), breach_of("amelia.hughes", kSchoolDay + 260s)});
  const PinkSlip record = slip();
  EXPECT_EQ(record.person, "Amelia Hughes (amelia.hughes)");
  EXPECT_EQ(record.site, "lucky-spins[.]example");
  EXPECT_EQ(record.date, "23 November 2026");
  EXPECT_EQ(record.time, "11:30:00");
  EXPECT_EQ(record.until, "11:34:20");
  EXPECT_THAT(record.length_of_time, HasSubstr("span of attempts 4 min 20 s"));
  EXPECT_THAT(record.attempts, HasSubstr("2 attempts"));
  EXPECT_EQ(record.what_happened, "The filter blocked every attempt.");
  EXPECT_THAT(record.confidence, HasSubstr("own account"));
  EXPECT_THAT(record.evidence, HasSubstr("number 1 to 2"));
  EXPECT_EQ(record.first, "2026-11-23T09:30:00.000Z");
  const std::string text = to_text(record);
  for (const char* part : {"Child or person:  Amelia Hughes", "Length of time:", "GamCare"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST_F(PinkSlipOfTheDesk, SaysWhenNobodyIsKnown) {
  keep({breach_of("", kSchoolDay)});
  const PinkSlip record = slip("");
  EXPECT_EQ(record.person, "not known (device 10.20.2.7)");
  EXPECT_THAT(record.confidence, HasSubstr("by the network only"));
}

TEST_F(PinkSlipOfTheDesk, OfIllegalContentIsSealedInEveryForm) {
  keep({illegal(breach_of("amelia.hughes", kSchoolDay))});
  const PinkSlip record = slip();
  EXPECT_EQ(record.site, "sealed");
  for (const std::string& form : {to_text(record), to_json(record), to_csv({&record, 1})}) {
    EXPECT_THAT(form, Not(HasSubstr("never-shown")));
    EXPECT_THAT(form, Not(HasSubstr("secret-path")));
  }
  EXPECT_THAT(to_text(record), HasSubstr("Do not open"));
}

TEST_F(PinkSlipOfTheDesk, HostileNamesStayInsideTheirField) {
  breaches::Breach breach = breach_of("=cmd|' /C calc'!A0", kSchoolDay);
  breach.group = "line\r\nbreak,\"quoted\"";
  keep({breach});
  PinkSlip record = slip("+1\r\nBcc: x\u202E");
  record.account = "=1+1";
  const std::string csv = to_csv({&record, 1});
  EXPECT_THAT(csv, HasSubstr(",'=1+1,"));
  EXPECT_THAT(csv, HasSubstr("\"'+1\r\nBcc"));
  const auto json = breaches::FlatJson::parse(to_json(record));
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->text("account"), "=1+1");
  EXPECT_EQ(json->text("schema"), "schoolgate.record.1");
  EXPECT_EQ(json->text("person"), record.person);
  EXPECT_THAT(to_text(record), Not(HasSubstr("\nBcc:")));
}

TEST_F(PinkSlipOfTheDesk, NamesItsIncident) {
  keep({breach_of("amelia.hughes", kSchoolDay)});
  Incident incident;
  incident.reference = "7GQ4-2MXKD9";
  incident.case_reference = "CPOMS-1";
  const std::string text = to_text(slip("Amelia", &incident));
  EXPECT_THAT(text, HasSubstr("7GQ4-2MXKD9"));
  EXPECT_THAT(text, HasSubstr("CPOMS-1"));
}

TEST_F(PinkSlipOfTheDesk, GoesSignedToTheCaseSystem) {
  keep({breach_of("amelia.hughes", kSchoolDay)});
  Receiver receiver("webhook_receiver.py");
  const auto secret = folder_.path() / "case.secret";
  ASSERT_TRUE(replace_file(secret, "hush\n").has_value());
  AlertSettings settings;
  settings.webhooks = {{"cpoms", "http://127.0.0.1:" + std::to_string(receiver.port()) + "/tray", secret.string()}};
  EXPECT_EQ(make_case_system(settings), nullptr);
  settings.case_system = "cpoms";
  const auto system = make_case_system(settings);
  ASSERT_NE(system, nullptr);
  EXPECT_EQ(system->name(), "cpoms");
  const PinkSlip record = slip();
  const std::atomic<bool> stopping = false;
  const auto delivered = system->hand_over(record, "delivery-1", kSchoolDay, stopping);
  ASSERT_TRUE(delivered.has_value()) << delivered.error().why;
  const std::string got = receiver.next();
  EXPECT_THAT(got, HasSubstr("delivery-1"));
  const std::string stamp = std::to_string(kSchoolDay.time_since_epoch().count() / 1000);
  EXPECT_THAT(got, HasSubstr(webhook_signature("hush", stamp, to_json(record))));
}

}  // namespace
}  // namespace schoolgate::casework
