#include "casework/alerts/alert_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "casework/alerts/mail_message.h"
#include "tests/breaches/support.h"

namespace schoolgate::casework {

using breaches::at;
using breaches::lines_of;
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

breaches::Episode an_episode() {
  breaches::Episode episode;
  episode.id = "0199aa00-0000-7000-8000-00000000abcd";
  episode.reference = "7GQ4-2MXKD9";
  episode.group = "ks2";
  episode.theme = "child-abuse";
  episode.first = at("2026-11-23T09:30:00Z");
  episode.last = at("2026-11-23T09:34:00Z");
  episode.attempts = 6;
  episode.sites = 2;
  episode.urgency = 5;
  episode.illegal = true;
  return episode;
}

const AlertPlace kPlace{"Ashford Oaks Primary School", "gw-1", {}};

TEST(AlertText, IllegalContentSaysNeverToOpenItAndWhomToCall) {
  const AlertText alert = episode_alert(kPlace, an_episode(), "id-1", EpisodeNews::first);
  EXPECT_THAT(alert.text, AllOf(HasSubstr("Do not open"), HasSubstr("Internet Watch Foundation"), HasSubstr("999"),
                                HasSubstr("deputy safeguarding lead")));
}

TEST(AlertText, UnlawfulTerroristContentHasItsOwnSteps) {
  EXPECT_THAT(std::string(next_steps("extremism", true)[1]), HasSubstr("0800 789 321"));
  EXPECT_THAT(std::string(next_steps("extremism", false)[1]), HasSubstr("Prevent lead"));
}

TEST(AlertText, AThemeOfTheSchoolsOwnHasSteps) { EXPECT_EQ(next_steps("chess", false).size(), 4u); }

TEST(AlertText, AGroupNameCannotForgeALine) {
  breaches::Episode episode = an_episode();
  episode.group = "ks2\r\nBcc: everybody@school.example\n";
  const AlertText alert = episode_alert(kPlace, episode, "id-1", EpisodeNews::first);
  EXPECT_THAT(alert.subject, Not(HasSubstr("\n")));
  EXPECT_THAT(alert.text, Not(HasSubstr("\nBcc")));
  EXPECT_THAT(alert.json, HasSubstr(R"("group":"ks2\r\nBcc)"));
}

MailMessage a_message() {
  return {.from = "schoolgate@school.example",
          .to = "dsl@school.example",
          .subject = "Schoolgate: urgent",
          .text = "Line one\nLine two\n",
          .id = "0199aa00-0000-7000-8000-00000000abcd",
          .date = at("2026-11-23T09:30:00Z"),
          .important = true};
}

TEST(MailMessage, HasTheHeadersOfTheRfc) {
  EXPECT_EQ(to_rfc5322(a_message()),
            "Date: Mon, 23 Nov 2026 09:30:00 +0000\r\n"
            "From: Schoolgate <schoolgate@school.example>\r\n"
            "To: <dsl@school.example>\r\n"
            "Subject: Schoolgate: urgent\r\n"
            "Message-ID: <0199aa00-0000-7000-8000-00000000abcd@school.example>\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "Importance: high\r\n"
            "X-Priority: 1\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "\r\n"
            "Line one\r\nLine two\r\n");
}

TEST(MailMessage, ASubjectCannotAddAHeader) {
  MailMessage message = a_message();
  message.subject = "x\r\nBcc: everybody@school.example\r\n\r\nbody";
  const std::string mail = to_rfc5322(message);
  EXPECT_THAT(mail, HasSubstr("Subject: x  Bcc: everybody@school.example    body\r\n"));
}

TEST(MailMessage, OtherLettersAreEncodedInHeaderAndBody) {
  MailMessage message = a_message();
  message.subject = "Ysgol Llŷn ác École élémentaire, a very long name so that one encoded word is not enough for it";
  message.text = "Llŷn = 1 \nend";
  const std::string mail = to_rfc5322(message);
  EXPECT_THAT(mail, HasSubstr("Subject: =?utf-8?q?Ysgol_Ll=C5=B7n_"));
  EXPECT_THAT(mail, HasSubstr("?=\r\n =?utf-8?q?"));
  EXPECT_THAT(mail, HasSubstr("\r\n\r\nLl=C5=B7n =3D 1=20\r\nend\r\n"));
  for (const std::string& line : lines_of(mail)) EXPECT_LE(line.size(), 79u) << line;
  for (const char c : mail) ASSERT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(MailMessage, LongLinesAreSoftlyBroken) {
  MailMessage message = a_message();
  message.text = std::string(300, 'a') + "\n";
  std::string joined = to_rfc5322(message);
  joined.erase(0, joined.find("\r\n\r\n") + 4);
  for (const std::string& line : lines_of(joined)) EXPECT_LE(line.size(), 77u);
  for (std::size_t at = 0; (at = joined.find("=\r\n")) != std::string::npos;) joined.erase(at, 3);
  EXPECT_EQ(joined, std::string(300, 'a') + "\r\n");
}

TEST(MailMessage, OnlyPlainAddressesAreAddresses) {
  EXPECT_TRUE(is_plain_address("dsl@school.example"));
  for (const char* bad : {"", "dsl", "@school.example", "dsl@", "a@b@c", "dsl@school.example>\r\nRCPT TO:<x@y", "a b@c",
                          "\"a\"@c", "a,b@c", "ü@c"})
    EXPECT_FALSE(is_plain_address(bad)) << bad;
}

}  // namespace
}  // namespace schoolgate::casework
