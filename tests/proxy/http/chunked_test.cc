#include "proxy/http/chunked.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

namespace schoolgate::http {
namespace {

using Status = ChunkDecoder::Status;
using namespace std::string_literals;

struct Decoded {
  Status status = Status::need_more;
  std::string body, left, trailers;
};

Decoded decode(std::string bytes, std::size_t piece = std::string::npos) {
  Decoded out;
  ChunkDecoder decoder;
  for (std::size_t at = 0; at < bytes.size() && out.status == Status::need_more;) {
    std::string part = bytes.substr(at, piece);
    const auto step = decoder.decode(part);
    out.status = step.status;
    out.body += part.substr(0, step.decoded);
    at += step.consumed;
    if (step.status == Status::need_more) {
      EXPECT_EQ(step.consumed, part.size()) << "it reads as much as it can";
    }
    if (step.status == Status::finished) out.left = bytes.substr(at);
  }
  out.trailers = decoder.trailers();
  return out;
}

TEST(ChunkDecoder, BodyIsPutTogether) {
  const Decoded got = decode("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET ");
  EXPECT_EQ(got.status, Status::finished);
  EXPECT_EQ(got.body, "hello world");
  EXPECT_EQ(got.left, "GET ") << "what follows is not touched";
}

TEST(ChunkDecoder, AnySplitGivesTheSame) {
  const std::string bytes = "A;x=y\r\n0123456789\r\n1\r\n\n\r\n00\r\nETag: \"x\"\r\nX-Other: y\r\n\r\nrest";
  const Decoded whole = decode(bytes);
  ASSERT_EQ(whole.status, Status::finished);
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
    const Decoded got = decode(bytes, piece);
    EXPECT_EQ(got.status, Status::finished) << piece;
    EXPECT_EQ(got.body, whole.body) << piece;
    EXPECT_EQ(got.left, whole.left) << piece;
    EXPECT_EQ(got.trailers, whole.trailers) << piece;
  }
}

TEST(ChunkDecoder, UnfinishedIsNeverFinished) {
  const std::string bytes = "5\r\nhello\r\n0\r\nETag: x\r\n\r\n";
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(decode(bytes.substr(0, size)).status, Status::need_more) << size;
}

TEST(ChunkDecoder, SizesMayBeLongButNotOverflow) {
  EXPECT_EQ(decode("0000000000000005\r\nhello\r\n0\r\n\r\n").body, "hello");
  EXPECT_EQ(decode("7fffffffffffffff\r\nx").status, Status::need_more);
  EXPECT_EQ(decode("8000000000000000\r\nx").status, Status::bad);
}

struct Bad {
  const char* name;
  std::string bytes;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }
std::string bad_name(const testing::TestParamInfo<Bad>& info) { return info.param.name; }

class ChunkDecoderRefuses : public testing::TestWithParam<Bad> {};

TEST_P(ChunkDecoderRefuses, WholeAndByteByByte) {
  EXPECT_EQ(decode(GetParam().bytes).status, Status::bad);
  EXPECT_EQ(decode(GetParam().bytes, 1).status, Status::bad);
}

INSTANTIATE_TEST_SUITE_P(Http05_Sizes, ChunkDecoderRefuses,
                         testing::Values(Bad{"Hexadecimal", "0x5\r\nhello\r\n0\r\n\r\n"}, Bad{"Underscore", "1_0\r\n"},
                                         Bad{"Plus", "+5\r\nhello\r\n"}, Bad{"Minus", "-5\r\nhello\r\n"},
                                         Bad{"LeadingSpace", " 5\r\nhello\r\n"}, Bad{"LeadingTab", "\t5\r\nhello\r\n"},
                                         Bad{"TrailingSpace", "5 \r\nhello\r\n"}, Bad{"Prefix", "g5\r\nhello\r\n"},
                                         Bad{"Suffix", "5g\r\nhello\r\n"}, Bad{"Empty", "\r\nhello"},
                                         Bad{"OnlyExtension", ";a=b\r\n"},
                                         Bad{"SeventeenDigits", "00000000000000005\r\nhello\r\n"},
                                         Bad{"SixteenFs", "ffffffffffffffff\r\n"}, Bad{"Nul", "5\0\r\nhello\r\n"s}),
                         bad_name);

INSTANTIATE_TEST_SUITE_P(Http06_Extensions, ChunkDecoderRefuses,
                         testing::Values(Bad{"BareCr", "5;a\rb\r\nhello\r\n"}, Bad{"BareLf", "5;a\nhello\r\n"},
                                         Bad{"Nul", "5;\0\r\nhello\r\n"s}, Bad{"Del", "5;\x7F\r\nhello\r\n"},
                                         Bad{"Huge", "5;" + std::string(17 * 1024, 'a')},
                                         Bad{"HugeInTotal",
                                             [] {
                                               std::string out;
                                               for (int i = 0; i < 20; ++i)
                                                 out += "1;" + std::string(1000, 'a') + "\r\nx\r\n";
                                               return out;
                                             }()}),
                         bad_name);

INSTANTIATE_TEST_SUITE_P(Http07_LineEnds, ChunkDecoderRefuses,
                         testing::Values(Bad{"LfAfterSize", "5\nhello\r\n0\r\n\r\n"},
                                         Bad{"LfAfterData", "5\r\nhello\n0\r\n\r\n"},
                                         Bad{"NothingAfterData", "5\r\nhello0\r\n\r\n"},
                                         Bad{"DataTooLong", "5\r\nhello!\r\n0\r\n\r\n"}, Bad{"CrWithoutLf", "5\rhello"},
                                         Bad{"CrWithoutLfAfterData", "5\r\nhello\r0\r\n\r\n"},
                                         Bad{"LfAtTheEnd", "0\r\n\n"}, Bad{"LfInTrailer", "0\r\nETag: x\n\r\n"}),
                         bad_name);

INSTANTIATE_TEST_SUITE_P(
    Http08_Trailers, ChunkDecoderRefuses,
    testing::Values(Bad{"NoColon", "0\r\nwords\r\n\r\n"}, Bad{"EmptyName", "0\r\n: x\r\n\r\n"},
                    Bad{"SpaceBeforeColon", "0\r\nETag : x\r\n\r\n"}, Bad{"Folded", "0\r\nETag: x\r\n y: z\r\n\r\n"},
                    Bad{"Nul", "0\r\nETag: \0\r\n\r\n"s}, Bad{"Escape", "0\r\nETag: \x1B[31m\r\n\r\n"},
                    Bad{"BareCr", "0\r\nETag: a\rb\r\n\r\n"}, Bad{"Huge", "0\r\nX: " + std::string(17 * 1024, 'a')}),
    bad_name);

TEST(ChunkDecoder, Http06_ExtensionsEndHere) {
  const Decoded got = decode("5;name=value;other=\"quoted\"\r\nhello\r\n0;last\r\n\r\n");
  EXPECT_EQ(got.status, Status::finished);
  EXPECT_EQ(got.body, "hello");
}

TEST(ChunkDecoder, Http18_TrailersThatChangeAMessageAreDropped) {
  const Decoded got = decode(
      "0\r\nHost: b.example\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nAuthorization: x\r\nCookie: "
      "y\r\nSet-Cookie: z\r\n"
      "Server-Timing: db;dur=5\r\nX-Any: w\r\netag: \"v\"\r\n\r\n");
  EXPECT_EQ(got.status, Status::finished);
  EXPECT_EQ(got.trailers, "Server-Timing: db;dur=5\r\netag: \"v\"\r\n");
}

TEST(ChunkDecoder, BadStaysBadAndFinishedStaysFinished) {
  ChunkDecoder broken;
  std::string nonsense = "x", good = "5\r\nhello\r\n0\r\n\r\n";
  EXPECT_EQ(broken.decode(nonsense).status, Status::bad);
  EXPECT_EQ(broken.decode(good).status, Status::bad);
  EXPECT_EQ(broken.decode({}).status, Status::bad);
  ChunkDecoder finished;
  std::string end = "0\r\n\r\n";
  EXPECT_EQ(finished.decode(end).status, Status::finished);
  const auto again = finished.decode(good);
  EXPECT_EQ(again.status, Status::finished);
  EXPECT_EQ(again.consumed, 0u);
}

TEST(ChunkSizeLine, IsWhatTheDecoderReads) {
  std::array<char, 20> room;
  EXPECT_EQ(chunk_size_line(0x1a2b, room), "1a2b\r\n");
  EXPECT_EQ(chunk_size_line(0, room), "0\r\n");
  EXPECT_EQ(chunk_size_line(std::numeric_limits<std::uint64_t>::max(), room), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace schoolgate::http
