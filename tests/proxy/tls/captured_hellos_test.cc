// Every TLS connection of the captures, against what other tools saw in them.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include "proxy/tls/client_hello.h"
#include "proxy/tls/ech_fronts.h"
#include "tests/proxy/tls/captures.h"
#include "tests/proxy/tls/hello_builder.h"

namespace schoolgate::tls {
namespace {

struct Row {
  std::string file, client, server, sni;
  bool ech = false, esni = false;
};

std::vector<Row> tls_rows(const std::filesystem::path& table) {
  std::ifstream in(table);
  std::vector<Row> out;
  std::string line;
  std::getline(in, line);  // the header
  while (std::getline(in, line)) {
    std::vector<std::string> fields;
    std::stringstream words(line);
    for (std::string word; std::getline(words, word, '\t');) fields.push_back(word);
    if (fields.size() > 7 && fields[1] == "TCP" && fields[2] == "TLS")
      out.push_back({fields[0], fields[3], fields[4], fields[5], fields[6] == "1", fields[7] == "1"});
  }
  return out;
}

struct Found {
  HelloBytes bytes;  // the records of one hello
  std::size_t at;
};

// The `which`-th hello of a stream. STARTTLS and SOCKS put something before it, a HelloRetryRequest makes a second one.
std::optional<Found> find_hello(const std::vector<std::uint8_t>& stream, std::size_t which) {
  std::vector<std::uint8_t> joined;
  for (std::size_t at = 0; at < stream.size(); ++at) {
    if (stream[at] != 22) continue;
    const Parsed parsed = parse(Octets(stream).subspan(at), joined);
    const auto* hello = std::get_if<ClientHello>(&parsed);
    if (hello == nullptr) continue;
    const auto begin = stream.begin() + std::ptrdiff_t(at);
    if (which-- == 0) return Found{HelloBytes(begin, begin + std::ptrdiff_t(hello->bytes_consumed)), at};
    at += hello->bytes_consumed - 1;
  }
  return std::nullopt;
}

void expect_same(const ClientHello& a, const ClientHello& b) {
  EXPECT_EQ(a.server_name_kind, b.server_name_kind);
  EXPECT_EQ(a.server_name, b.server_name);
  EXPECT_TRUE(std::ranges::equal(std::ranges::subrange(a.alpn.begin(), a.alpn.end()),
                                 std::ranges::subrange(b.alpn.begin(), b.alpn.end())));
  EXPECT_EQ(a.has_ech, b.has_ech);
  EXPECT_EQ(a.has_old_esni, b.has_old_esni);
  EXPECT_EQ(a.legacy_version, b.legacy_version);
  EXPECT_TRUE(std::ranges::equal(a.supported_versions, b.supported_versions));
  EXPECT_TRUE(std::ranges::equal(a.session_id, b.session_id));
}

HelloBytes message_of(const HelloBytes& records) {
  HelloBytes out;
  for (std::size_t at = 0; at < records.size();) {
    const std::size_t length = std::size_t(records[at + 3]) << 8 | records[at + 4];
    const auto begin = records.begin() + std::ptrdiff_t(at + 5);
    out.insert(out.end(), begin, begin + std::ptrdiff_t(length));
    at += 5 + length;
  }
  return out;
}

bool lies_in(const void* begin, std::size_t size, Octets where) {
  const auto* at = static_cast<const std::uint8_t*>(begin);
  return size == 0 || (at >= where.data() && at + size <= where.data() + where.size());
}

class CapturedHellos : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto folder = data_folder();
    if (!folder || !std::filesystem::exists(*folder / "pcaps/expected.tsv"))
      GTEST_SKIP() << "the captures are not here: set SCHOOLGATE_DATA to the folder of test data";
    std::map<std::string, Streams> files;
    std::map<std::string, std::size_t> seen;
    for (const Row& row : tls_rows(*folder / "pcaps/expected.tsv")) {
      if (!files.contains(row.file)) files[row.file] = read_tcp_streams(*folder / "pcaps" / row.file);
      const auto& stream = files[row.file][{row.client, row.server}];
      auto found = find_hello(stream, seen[row.file + row.client + row.server]++);
      ASSERT_TRUE(found) << row.file << " " << row.client << ": no hello in " << stream.size() << " bytes";
      hellos.emplace_back(row, std::move(found->bytes));
    }
    ASSERT_EQ(hellos.size(), 70u);
  }
  std::vector<std::pair<Row, HelloBytes>> hellos;
  std::vector<std::uint8_t> joined;
};

TEST_F(CapturedHellos, SayWhatOtherToolsRead) {
  for (const auto& [row, wire] : hellos) {
    SCOPED_TRACE(row.file + " " + row.client);
    const auto hello = std::get<ClientHello>(parse(wire, joined));
    EXPECT_EQ(hello.server_name, row.sni);
    EXPECT_EQ(hello.has_ech, row.ech);
    EXPECT_EQ(hello.has_old_esni, row.esni);
    if (row.sni.empty())
      EXPECT_EQ(hello.server_name_kind, ServerNameKind::none);
    else
      EXPECT_EQ(hello.server_name_kind,
                row.sni == "104.236.167.107" ? ServerNameKind::ip_literal : ServerNameKind::dns);
    if (row.ech) EXPECT_EQ(is_known_ech_front(row.sni), row.sni == "cloudflare-ech.com");
  }
}

TEST_F(CapturedHellos, ReadTheSameByteByByteAndOverAnyRecords) {
  for (const auto& [row, wire] : hellos) {
    SCOPED_TRACE(row.file + " " + row.client);
    const auto whole = std::get<ClientHello>(parse(wire, joined));
    for (const std::size_t fragment : {std::size_t(0), std::size_t(1), std::size_t(37), std::size_t(512)}) {
      const HelloBytes again = fragment == 0 ? wire : HelloBuilder::in_records(message_of(wire), fragment);
      HelloReader reader;
      for (std::size_t size = 0; size <= again.size(); ++size) {
        const Parsed parsed = reader.read(Octets(again).first(size));
        if (size < again.size())
          ASSERT_TRUE(std::holds_alternative<NeedMore>(parsed)) << size;
        else
          expect_same(std::get<ClientHello>(parsed), whole);
      }
    }
  }
}

TEST_F(CapturedHellos, FlippedBitsStayInsideTheBytes) {
  for (const auto& [row, wire] : hellos) {
    SCOPED_TRACE(row.file + " " + row.client);
    HelloBytes flipped = wire;
    for (std::size_t bit = 0; bit < wire.size() * 8; ++bit) {
      flipped[bit / 8] ^= std::uint8_t(1 << bit % 8);
      const Parsed parsed = parse(flipped, joined);
      if (const auto* hello = std::get_if<ClientHello>(&parsed)) {
        const Octets where = hello->records == 1 ? Octets(flipped) : Octets(joined);
        ASSERT_TRUE(lies_in(hello->server_name.data(), hello->server_name.size(), where)) << bit;
        for (const std::string_view protocol : hello->alpn)
          ASSERT_TRUE(lies_in(protocol.data(), protocol.size(), where)) << bit;
        ASSERT_LE(hello->bytes_consumed, flipped.size());
      }
      flipped[bit / 8] ^= std::uint8_t(1 << bit % 8);
    }
  }
}

}  // namespace
}  // namespace schoolgate::tls
