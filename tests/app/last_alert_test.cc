#include "app/last_alert.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "casework/alerts/outbox.h"

namespace schoolgate::app {
namespace {

namespace fs = std::filesystem;

const TimePoint kAlertAtNine = from_rfc3339("2026-11-23T09:00:00Z").value();

class AlertsOf : public ::testing::Test {
 protected:
  AlertsOf() {
    std::string name = (fs::temp_directory_path() / "schoolgate-alerts-XXXXXX").string();
    state_ = ::mkdtemp(name.data());
  }
  ~AlertsOf() override { fs::remove_all(state_); }
  fs::path state_;
};

TEST_F(AlertsOf, NothingWasEverTold) {
  const auto standing = alert_standing(state_);
  ASSERT_TRUE(standing);
  EXPECT_FALSE(standing->last);
  EXPECT_TRUE(fs::is_empty(state_));
}

TEST_F(AlertsOf, TheNewestIsNamedAndThoseThatWaitAreCounted) {
  auto outbox = casework::Outbox::open(state_ / "alerts.db").value();
  casework::OutboxAlert alert{
      .id = "a", .key = "a", .destination = "it", .content = {}, .created = kAlertAtNine, .due = kAlertAtNine};
  alert.content.subject = "first";
  ASSERT_TRUE(outbox->put(alert));
  ASSERT_TRUE(outbox->set_state("a", casework::Outbox::State::sent));
  alert.id = alert.key = "b";
  alert.content.subject = "second";
  alert.created += std::chrono::minutes(1);
  ASSERT_TRUE(outbox->put(alert));
  const auto standing = alert_standing(state_);
  ASSERT_TRUE(standing && standing->last);
  EXPECT_EQ(standing->last->subject, "second");
  EXPECT_EQ(standing->last->state, "waiting");
  EXPECT_EQ(standing->waiting, 1u);
}

TEST_F(AlertsOf, WhatCannotBeReadIsNotNone) {
  ASSERT_TRUE(replace_file(state_ / "alerts.db", std::string(8192, 'x')));
  EXPECT_FALSE(alert_standing(state_));
}

}  // namespace
}  // namespace schoolgate::app
