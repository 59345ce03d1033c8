// How a coding can go wrong: cut anywhere, nested, unknown, broken in the middle, rubbish behind its end, a bomb, a
// bomb inside a bomb, raw deflate that calls itself zlib.
#include "content/content_coding.h"

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <functional>
#include <map>
#include <string>

namespace schoolgate::content {
namespace {

using Status = ContentDecoder::Status;

std::string deflated(const std::string& text, int window) {
  z_stream stream{};
  (void)deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  (void)deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  (void)deflateEnd(&stream);
  return out;
}

std::string coded(const std::string& coding, const std::string& text) {
  if (coding == "gzip") return deflated(text, 16 + MAX_WBITS);
  if (coding == "deflate") return deflated(text, MAX_WBITS);
  if (coding == "raw") return deflated(text, -MAX_WBITS);
  std::string out(text.size() + 1024, '\0');
  if (coding == "zstd") {
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
  }
  std::size_t size = out.size();
  (void)BrotliEncoderCompress(5, 22, BROTLI_MODE_TEXT, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()),
                              &size, reinterpret_cast<std::uint8_t*>(out.data()));
  out.resize(size);
  return out;
}

struct Read {
  std::string text;
  Status status = Status::more;
};

Read read(const std::string& field, const std::string& bytes, std::size_t piece = 1 << 20,
          ContentDecoder::Bounds bounds = {}) {
  Read result;
  ContentDecoder decoder(field, bounds);
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    result.status =
        decoder.feed(std::string_view(bytes).substr(at, piece), [&](std::string_view out) { result.text += out; });
  return result;
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i * 7919 % 10007) + "\n";
  return text;
}

TEST(ContentCoding, EveryCodingInPiecesOfAnySize) {
  const std::string text = long_text();
  for (const std::string coding : {"gzip", "deflate", "br", "zstd"})
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, std::size_t{1} << 20})
      EXPECT_EQ(read(coding, coded(coding, text), piece).text, text) << coding << " " << piece;
  EXPECT_EQ(read("deflate", coded("raw", text), 5).text, text);
  // Raw, and its first byte is the one that the zlib format begins with: a stored block with bits that mean nothing.
  const std::string stored = std::string("\x08\x04\x00\xFB\xFFweed\x01\x00\x00\xFF\xFF", 14);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{100}})
    EXPECT_EQ(read("deflate", stored, piece).text, "weed") << piece;
}

TEST(ContentCoding, NamesAsServersWriteThem) {
  EXPECT_EQ(read("", "plain").text, "plain");
  EXPECT_EQ(read("identity", "plain").text, "plain");
  EXPECT_EQ(read("utf-8", "plain").text, "plain");
  EXPECT_EQ(read(" X-GZIP ", coded("gzip", "text")).text, "text");
  EXPECT_EQ(read("gzip, br", coded("br", coded("gzip", "text")), 1).text, "text");
}

TEST(ContentCoding, MembersOneAfterAnother) {
  EXPECT_EQ(read("gzip", coded("gzip", "one ") + coded("gzip", "two"), 3).text, "one two");
  EXPECT_EQ(read("gzip", coded("gzip", "one") + "rubbish").text, "one");
  EXPECT_EQ(read("zstd", coded("zstd", "one ") + coded("zstd", "two"), 3).text, "one two");
}

TEST(ContentCoding, BrokenIsReadUpToThere) {
  for (const std::string coding : {"gzip", "deflate", "br", "zstd"}) {
    EXPECT_EQ(read(coding, std::string("<html>this is no such thing at all, is it")).status, Status::broken) << coding;
    std::string cut = coded(coding, long_text());
    cut.resize(cut.size() / 2);
    const Read half = read(coding, cut);
    EXPECT_EQ(half.status, Status::more) << coding;
    EXPECT_TRUE(long_text().starts_with(half.text)) << coding;
    EXPECT_TRUE(coding == "zstd" || half.text.size() > 10'000u) << coding;  // zstd gives whole blocks of 128 KiB
  }
}

TEST(ContentCoding, BombsAreStopped) {
  const std::string zeros(16 << 20, '\0');
  for (const std::string coding : {"gzip", "deflate", "br", "zstd"}) {
    const Read bomb = read(coding, coded(coding, zeros), 1024);
    EXPECT_EQ(bomb.status, Status::oversized) << coding;
    EXPECT_LE(bomb.text.size(), std::size_t{2} << 20) << coding;
  }
  EXPECT_EQ(read("gzip, gzip", coded("gzip", coded("gzip", zeros)), 64).status, Status::oversized);
  EXPECT_EQ(read("gzip, gzip, gzip, gzip", "x").status, Status::oversized);
  EXPECT_EQ(read("gzip, gzip, gzip", "x").status, Status::oversized);
  const std::string text = long_text();
  EXPECT_EQ(read("gzip", coded("gzip", text), 64, {.most = text.size() - 1}).status, Status::oversized);
  EXPECT_EQ(read("gzip", coded("gzip", text), 64, {.most = text.size()}).status, Status::more);
  EXPECT_EQ(read("", std::string(1 << 20, 'x'), 4096, {.most = 1000}).status, Status::finished) << "large, and no bomb";
}

}  // namespace
}  // namespace schoolgate::content
