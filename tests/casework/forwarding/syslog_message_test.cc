// How a syslog message can be read wrongly: a name with a blank in it, an address that forges a second message or a CEF
// field, an urgency that is no number, a record that is no record.
#include "casework/forwarding/syslog_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace schoolgate::casework {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const ForwardedFrom kFrom{.school = "Ashford Oaks", .gateway = "gw-1", .version = "1.2|3"};
const TimePoint kTime = *from_rfc3339("2026-11-23T09:30:00.125Z");

TEST(SyslogMessage, IsWrittenAsRfc5424) {
  EXPECT_EQ(to_rfc5424({.severity = Severity::critical, .time = kTime, .host = "gw-1", .kind = "breach", .text = "{}"}),
            "<106>1 2026-11-23T09:30:00.125Z gw-1 schoolgate - breach - {}");
}

TEST(SyslogMessage, AHostWithBlanksStaysOneField) {
  EXPECT_THAT(
      to_rfc5424({.severity = Severity::notice, .time = kTime, .host = "the gate\n<0>1", .kind = "", .text = "x"}),
      StartsWith("<109>1 2026-11-23T09:30:00.125Z the_gate_<0>1 schoolgate - - - x"));
}

TEST(SyslogMessage, ItsLengthIsCountedInBytes) { EXPECT_EQ(octet_counted("zoë"), "4 zoë"); }

TEST(SyslogMessage, UrgencyIsSeverity) {
  EXPECT_EQ(severity_of(5), Severity::critical);
  EXPECT_EQ(severity_of(3), Severity::warning);
  EXPECT_EQ(severity_of(1), Severity::informational);
  EXPECT_EQ(severity_of(0), Severity::informational);
  EXPECT_EQ(severity_of(99), Severity::critical);
}

TEST(SyslogMessage, AnAlarmIsOneLineOfJson) {
  EXPECT_EQ(alarm_as_json({.kind = "breach log failing", .text = "disk\nfull", .time = kTime}, kFrom),
            R"({"alarm":"breach log failing","text":"disk\nfull","school":"Ashford Oaks","gateway":"gw-1",)"
            R"("time":"2026-11-23T09:30:00.125Z"})");
}

TEST(SyslogMessage, ARecordAsCefForgesNoField) {
  const std::string line = record_as_cef(
      R"({"id":"1","time":"2026-11-23T09:30:00.125Z","group":"a=b","person":"jo","device":"10.0.0.7","action":"block",)"
      R"("category":"gambling|x","urgency":3,"site":"casino.example","url":"http://casino.example/?a=\\b","reason":{"list":"l1"}})",
      kFrom);
  EXPECT_THAT(line, StartsWith(R"(CEF:0|Schoolgate|Schoolgate|1.2\|3|breach|block gambling\|x|6|rt=1795426200125 )"));
  EXPECT_THAT(line, HasSubstr(R"(request=http://casino.example/?a\=\\b)"));
  EXPECT_THAT(line, HasSubstr(R"(cs1=a\=b)"));
  EXPECT_THAT(line, HasSubstr("suser=jo"));
  EXPECT_THAT(line, Not(HasSubstr("\n")));
}

TEST(SyslogMessage, WhatIsNoRecordSaysSo) {
  EXPECT_EQ(record_as_cef("{", kFrom), R"(CEF:0|Schoolgate|Schoolgate|1.2\|3|breach|a record that cannot be read|5|)");
}

TEST(SyslogMessage, AnAlarmAsCef) {
  EXPECT_EQ(alarm_as_cef({.kind = "a|b", .text = "x=1\nmore", .time = kTime}, kFrom),
            R"(CEF:0|Schoolgate|Schoolgate|1.2\|3|alarm|a\|b|6|rt=1795426200125 dvchost=gw-1 msg=x\=1 more)");
}

}  // namespace
}  // namespace schoolgate::casework
