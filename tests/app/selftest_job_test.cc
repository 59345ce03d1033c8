#include "app/selftest_job.h"

#include <gtest/gtest.h>

#include <semaphore>

namespace schoolgate::app {
namespace {

TEST(SelftestJob, OneRunsAtATimeAndSaysForWhom) {
  std::binary_semaphore begun(0), go_on(0), over(0);
  SelftestJob job([&](const std::string&, const std::stop_token&) -> Result<void> {
    begun.release();
    go_on.acquire();
    over.release();
    return {};
  });
  EXPECT_FALSE(job.state().running);
  ASSERT_TRUE(job.start("d.lead"));
  begun.acquire();
  EXPECT_TRUE(job.state().running);
  EXPECT_EQ(job.state().by, "d.lead");
  const auto second = job.start("t.ech");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, Fault::client);
  EXPECT_EQ(job.state().by, "d.lead");
  go_on.release();
  over.acquire();
  while (job.state().running) std::this_thread::yield();
  EXPECT_EQ(job.state().failure, "");
  ASSERT_TRUE(job.start("t.ech"));
  go_on.release();
  job.stop();
  EXPECT_EQ(job.state().by, "t.ech");
}

TEST(SelftestJob, WhyThereIsNoOutcomeIsKept) {
  SelftestJob job([](const std::string&, const std::stop_token&) -> Result<void> {
    return fail(Fault::config, "listen.proxy is empty");
  });
  ASSERT_TRUE(job.start("d.lead"));
  job.stop();
  EXPECT_FALSE(job.state().running);
  EXPECT_EQ(job.state().failure, "listen.proxy is empty");
}

TEST(SelftestJob, AGatewayThatClosesEndsItAndBeginsNoOther) {
  SelftestJob job([](const std::string&, const std::stop_token& stop) -> Result<void> {
    while (!stop.stop_requested()) std::this_thread::yield();
    return fail(Fault::host, "the gateway is closing");
  });
  ASSERT_TRUE(job.start("d.lead"));
  job.stop();
  EXPECT_FALSE(job.state().running);
  EXPECT_FALSE(job.start("d.lead"));
}

}  // namespace
}  // namespace schoolgate::app
