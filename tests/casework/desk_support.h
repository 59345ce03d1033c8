// What the tests of the desk share: a school day in the logs, people who look, and texts that nobody should trust.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/local_time.h"
#include "breaches/decision_log.h"
#include "casework/desk_store.h"
#include "casework/episode_view.h"
#include "casework/incidents.h"
#include "tests/breaches/support.h"

namespace schoolgate::casework {

using breaches::a_breach;
using breaches::append_and_wait;
using breaches::at;
using breaches::exported;
using breaches::field;
using breaches::lines_of;
using breaches::open_log;
using breaches::settings_in;
using breaches::TemporaryFolder;

inline const Viewer kDsl{.user = "d.lead", .role = Role::dsl, .also = {}};
inline const Viewer kDeputy{.user = "d.eputy", .role = Role::deputy, .also = {}};
inline const Viewer kHead{.user = "h.ead", .role = Role::head, .also = {}};
inline const Viewer kGovernor{.user = "g.overnor", .role = Role::governor, .also = {}};
inline const Viewer kTechnician{.user = "t.ech", .role = Role::technician, .also = {}};

inline const TimePoint kSchoolDay = at("2026-11-23T09:30:00Z");

/// Two hours east of Greenwich, so that a mistaken UTC shows.
inline std::optional<LocalTime> east(TimePoint time) {
  const TimePoint there = time + std::chrono::hours(2);
  const auto day = std::chrono::floor<std::chrono::days>(there);
  return LocalTime{day, int(std::chrono::floor<std::chrono::minutes>(there - day).count())};
}

/// Texts that a form may send: each with what is wrong about it where one line is allowed.
inline std::vector<std::string> unfit_texts() {
  return {"a\r\nBcc: all@school.example",
          std::string("nul\0here", 8),
          "\xff\xfe",
          "\xc0\xaf",
          "\xed\xa0\x80",
          "right \xE2\x80\xAE to left",
          "isolate \xE2\x81\xA7 it",
          "\x1b[31mred",
          std::string(1 << 20, 'x')};
}
inline constexpr const char* kMarkup = "<script>alert(1)</script>\"'&";

class DeskFixture : public ::testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    auto opened = DeskStore::open(folder_.path());
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    desk_ = *std::move(opened);
  }
  breaches::Breach breach_of(std::string person, TimePoint time, std::string theme = "gambling", int urgency = 2) {
    breaches::Breach breach = a_breach(time);
    if (!person.empty()) {
      breach.person = std::move(person);
      breach.confidence = "login";
    }
    breach.reason.theme = theme;
    breach.reason.category = std::move(theme);
    breach.reason.urgency = urgency;
    return breach;
  }
  static breaches::Breach illegal(breaches::Breach breach) {
    breach.site = "never-shown.example";
    breach.url = "http://never-shown.example/secret-path?x=1";
    breach.reason.illegal = true;
    breach.reason.sealed = true;
    breach.reason.tier = "illegal";
    breach.reason.category = breach.reason.theme = "child-abuse";
    breach.reason.urgency = 5;
    return breach;
  }
  void keep(const std::vector<breaches::Breach>& breaches) {
    const auto log = open_log(settings_in(folder_.path()));
    for (const breaches::Breach& breach : breaches) ASSERT_TRUE(append_and_wait(*log, breach).durable);
  }
  EpisodeReader reader() {
    auto opened = EpisodeReader::open({.folder = folder_.path(), .decisions = decisions()});
    if (!opened) throw std::runtime_error(opened.error().text());
    return *std::move(opened);
  }
  [[nodiscard]] std::filesystem::path decisions() const { return folder_.path() / "decisions.jsonl"; }
  void decide(const std::vector<breaches::Decision>& lines) {
    const auto log = breaches::DecisionLog::open(decisions(), std::chrono::hours(24 * 90),
                                                 [] { return ClockStanding{ClockDoubt::none, kSchoolDay}; });
    breaches::DecisionBuffer buffer(log.get());
    for (const breaches::Decision& line : lines) buffer.append(line);
    buffer.flush();
    log->drain();
  }
  static breaches::Decision request(TimePoint time, std::string_view host, std::string_view action = "allow",
                                    std::string_view category = {}) {
    breaches::Decision decision{};
    decision.time = time;
    decision.group = "ks2";
    decision.device = "10.20.2.7";
    decision.method = "GET";
    decision.host = host;
    decision.url = host;
    decision.action = action;
    decision.category = category;
    decision.stage = "request";
    decision.rule = "unlisted";
    return decision;
  }
  /// The only episode that the lead sees.
  EpisodeDetail only_episode() {
    auto page = reader().list(kDsl, {});
    if (!page || page->rows.size() != 1) throw std::runtime_error("not one episode");
    auto found = reader().find(kDsl, page->rows[0].id);
    if (!found || !*found) throw std::runtime_error("the episode cannot be read");
    return **std::move(found);
  }

  TemporaryFolder folder_;
  std::unique_ptr<DeskStore> desk_;
};

}  // namespace schoolgate::casework
