#include "identity/logon_call.h"

#include <gtest/gtest.h>

#include "tests/identity/scratch_state.h"

namespace schoolgate::identity {
namespace {

using test::day_at;
constexpr std::string_view kCallSecret = "0123456789abcdef0123456789abcdef";

LogonParameters call(std::string_view event = "in", TimePoint when = day_at(9),
                     std::string user = "SCHOOL\\Amelia.Hughes") {
  LogonParameters parameters{.user = std::move(user),
                             .address = "10.20.1.15",
                             .event = std::string(event),
                             .time = std::to_string(when.time_since_epoch().count() / 1000),
                             .signature = {}};
  parameters.signature = LogonCalls::sign(kCallSecret, parameters);
  return parameters;
}

LogonRefusal refusal_of(const LogonParameters& parameters, TimePoint now = day_at(9)) {
  LogonCalls calls{std::string(kCallSecret)};
  const auto read = calls.read(parameters, now);
  EXPECT_FALSE(read);
  EXPECT_EQ(calls.counters().refused[std::size_t(read.error())], 1u);
  return read.error();
}

TEST(LogonCall, TheSignatureIsTheDocumentedOne) {
  // printf 'v1\nnoah\n10.20.1.15\nin\n1795338000' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
  EXPECT_EQ(LogonCalls::sign(kCallSecret, {"noah", "10.20.1.15", "in", "1795338000", ""}),
            "827dc8c39f06029fc7b43bc7f194acc9ddf5cd3a29ca7187473aec99fe5a8b63");
}

TEST(LogonCall, ASignedCallIsBelieved) {
  LogonCalls calls{std::string(kCallSecret)};
  const auto in = calls.read(call(), day_at(9, 0, 10));
  ASSERT_TRUE(in);
  EXPECT_EQ(in->user, "amelia.hughes");
  EXPECT_EQ(in->address, test::address("10.20.1.15"));
  EXPECT_TRUE(in->in);
  EXPECT_FALSE(calls.read(call("out"), day_at(9, 0, 11))->in);
  EXPECT_EQ(calls.counters().taken, 2u);
}

TEST(LogonCall, CapitalHexadecimalIsTheSame) {
  LogonParameters parameters = call();
  for (char& c : parameters.signature) c = char(std::toupper(c));
  LogonCalls calls{std::string(kCallSecret)};
  EXPECT_TRUE(calls.read(parameters, day_at(9)));
  EXPECT_EQ(calls.read(call(), day_at(9)).error(), LogonRefusal::repeated);
}

TEST(LogonCall, ACallCountsOnce) {
  LogonCalls calls{std::string(kCallSecret)};
  EXPECT_TRUE(calls.read(call(), day_at(9)));
  EXPECT_EQ(calls.read(call(), day_at(9)).error(), LogonRefusal::repeated);
  EXPECT_EQ(calls.read(call(), day_at(9, 5)).error(), LogonRefusal::repeated);
  EXPECT_EQ(calls.read(call(), day_at(9, 30)).error(), LogonRefusal::stale);
}

TEST(LogonCall, FiveMinutesIsTheSkew) {
  EXPECT_EQ(refusal_of(call(), day_at(9, 5, 1)), LogonRefusal::stale);
  EXPECT_EQ(refusal_of(call(), day_at(8, 54, 59)), LogonRefusal::stale);
  LogonCalls calls{std::string(kCallSecret)};
  EXPECT_TRUE(calls.read(call(), day_at(8, 55)));
}

TEST(LogonCall, EveryParameterIsSigned) {
  for (const int part : {0, 1, 2, 3}) {
    LogonParameters changed = call();
    (part == 0   ? changed.user
     : part == 1 ? changed.address
     : part == 2 ? changed.event
                 : changed.time) += part == 3 ? "0" : "x";
    EXPECT_EQ(refusal_of(changed), LogonRefusal::wrong_signature) << part;
  }
  LogonParameters other = call();
  other.signature = LogonCalls::sign("another secret of 16", other);
  EXPECT_EQ(refusal_of(other), LogonRefusal::wrong_signature);
}

TEST(LogonCall, ALineEndCannotMoveTextBetweenParameters) {
  LogonParameters moved = call();
  moved.user += "\n10.20.1.15";
  moved.signature = LogonCalls::sign(kCallSecret, moved);
  EXPECT_EQ(refusal_of(moved), LogonRefusal::malformed);
}

TEST(LogonCall, WhatIsSignedMustStillMakeSense) {
  for (const auto& [user, at, event, time] : {std::array{"*", "10.20.1.15", "in", "1795338000"},
                                              {"noah", "10.20.1", "in", "1795338000"},
                                              {"noah", "10.20.1.15", "maybe", "1795338000"},
                                              {"noah", "10.20.1.15", "in", "1795338000x"},
                                              {"noah", "10.20.1.15", "in", "-1"},
                                              {"noah", "10.20.1.15", "in", "99999999999999999999"}}) {
    LogonParameters parameters{user, at, event, time, ""};
    parameters.signature = LogonCalls::sign(kCallSecret, parameters);
    EXPECT_EQ(refusal_of(parameters), LogonRefusal::malformed) << user << at << event << time;
  }
  LogonParameters unsigned_call = call();
  unsigned_call.signature.clear();
  EXPECT_EQ(refusal_of(unsigned_call), LogonRefusal::malformed);
}

TEST(LogonCall, TheSecretComesFromAFile) {
  const test::ScratchState state;
  auto calls = LogonCalls::open(state.write("logon.secret", std::string(kCallSecret) + "\r\n"));
  ASSERT_TRUE(calls);
  EXPECT_TRUE(calls->read(call(), day_at(9)));
  EXPECT_EQ(LogonCalls::open(state.write("short", "tiny\n")).error().fault, Fault::config);
  EXPECT_EQ(LogonCalls::open(state.folder() / "absent").error().fault, Fault::config);
}

}  // namespace
}  // namespace schoolgate::identity
