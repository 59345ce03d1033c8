#include "proxy/http/h2_frame_meter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/proxy/http/h2_peers.h"

namespace schoolgate::http {
namespace {

TEST(H2FrameMeter, FindsTheSameFramesInPiecesOfAnySize) {
  const std::string bytes = frames::start() + frames::frame(frames::data, 1, 3, std::string(300, 'x')) +
                            frames::frame(frames::ping, 0, 0, "12345678") + frames::frame(0xFA, 7, 0);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    H2FrameMeter meter(24);
    std::vector<H2FrameHead> heads;
    std::string fed;
    for (std::string_view rest = bytes; !rest.empty();) {
      std::string_view part = rest.substr(0, piece);
      rest.remove_prefix(part.size());
      while (!part.empty()) {
        const auto step = meter.next(part);
        ASSERT_GT(step.size, 0U);
        ASSERT_LE(step.size, part.size());
        if (step.begins) heads.push_back(step.head);
        if (step.begins) ASSERT_GE(step.feed.size(), 9U);
        fed += step.feed;
        part.remove_prefix(step.size);
      }
    }
    ASSERT_EQ(heads.size(), 4U) << piece;
    EXPECT_EQ(fed, bytes) << piece;
    EXPECT_EQ(heads[0].type, frames::settings);
    EXPECT_EQ(heads[1].type, frames::data);
    EXPECT_EQ(heads[1].flags, 1);
    EXPECT_EQ(heads[1].size, 300U);
    EXPECT_EQ(heads[2].type, frames::ping);
    EXPECT_EQ(heads[3].type, 0xFA);
    EXPECT_EQ(heads[3].size, 0U);
  }
}

}  // namespace
}  // namespace schoolgate::http
