#include "proxy/tls/client_hello.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/proxy/tls/hello_builder.h"

namespace schoolgate::tls {
namespace {

// Keeps the bytes that the answer's views point into until the next look.
Parsed look(const HelloBytes& bytes) {
  static std::vector<std::uint8_t> kept, joined;
  kept = bytes;
  return parse(kept, joined);
}

std::optional<Defect> defect_of(const HelloBytes& bytes) {
  const Parsed parsed = look(bytes);
  const auto* malformed = std::get_if<Malformed>(&parsed);
  return malformed ? std::optional(malformed->why) : std::nullopt;
}

ClientHello hello_of(const HelloBytes& bytes) {
  const Parsed parsed = look(bytes);
  if (const auto* malformed = std::get_if<Malformed>(&parsed))
    throw std::runtime_error("malformed: " + std::string(to_string(malformed->why)));
  return std::get<ClientHello>(parsed);
}

HelloBuilder usual() {
  return HelloBuilder().server_name("www.example.org").alpn({"h2", "http/1.1"}).versions({0x0304, 0x0303});
}

TEST(ClientHello, SaysWhatTheClientAskedFor) {
  const HelloBytes wire = usual().record();
  const ClientHello hello = hello_of(wire);
  EXPECT_EQ(hello.server_name_kind, ServerNameKind::dns);
  EXPECT_EQ(hello.server_name, "www.example.org");
  EXPECT_EQ(std::vector<std::string>(hello.alpn.begin(), hello.alpn.end()),
            (std::vector<std::string>{"h2", "http/1.1"}));
  EXPECT_TRUE(hello.alpn.contains("h2"));
  EXPECT_FALSE(hello.alpn.contains("h3"));
  EXPECT_EQ(hello.highest_version(), 0x0304);
  EXPECT_EQ(hello.legacy_version, 0x0303);
  EXPECT_EQ(hello.session_id.size(), 32u);
  EXPECT_EQ(hello.cipher_suites.size(), 4u);
  EXPECT_EQ(hello.records, 1u);
  EXPECT_EQ(hello.bytes_consumed, wire.size());
  EXPECT_FALSE(hello.has_ech || hello.has_old_esni || hello.has_early_data);
}

TEST(ClientHello, WhatFollowsTheHelloIsLeftAlone) {
  const HelloBytes wire = usual().record();
  const HelloBytes early_data = HelloBuilder::one_record({0x17, 1, 2, 3}, 23);
  EXPECT_EQ(hello_of(wire + early_data).bytes_consumed, wire.size());
}

TEST(ClientHello, OldClientsSendNoExtensions) {
  HelloBuilder old;
  old.version = 0x0301;
  old.without_extensions = true;
  const ClientHello hello = hello_of(old.record());
  EXPECT_EQ(hello.server_name_kind, ServerNameKind::none);
  EXPECT_EQ(hello.highest_version(), 0x0301);
  EXPECT_EQ(hello_of(HelloBuilder().record()).server_name_kind, ServerNameKind::none);
}

TEST(ClientHello, OrderAndGreaseDoNotMatter) {
  HelloBuilder builder = usual();
  builder.extension(0x0a0a, {}).extension(0xfafa, {0}).extension(0xff01, {0}).versions({0x7a7a, 0x0304});
  builder.extensions.erase(builder.extensions.begin() + 2);  // the first list of versions
  std::ranges::sort(builder.extensions);
  do {
    const ClientHello hello = hello_of(builder.record());
    ASSERT_EQ(hello.server_name, "www.example.org");
    ASSERT_EQ(hello.highest_version(), 0x0304);
  } while (std::ranges::next_permutation(builder.extensions).found);
}

TEST(ClientHello, EveryPrefixNeedsMore) {
  for (const std::size_t fragment : {std::size_t(1) << 14, std::size_t(50), std::size_t(3), std::size_t(1)}) {
    const HelloBytes wire = HelloBuilder::in_records(usual().message(), fragment);
    for (std::size_t size = 0; size < wire.size(); ++size)
      ASSERT_TRUE(std::holds_alternative<NeedMore>(look(HelloBytes(wire.begin(), wire.begin() + std::ptrdiff_t(size)))))
          << size << " of " << wire.size() << ", fragments of " << fragment;
    EXPECT_EQ(hello_of(wire).server_name, "www.example.org");
  }
}

TEST(ClientHello, PiecesGiveTheSameAnswerAsTheWhole) {
  for (const std::size_t fragment : {std::size_t(1) << 14, std::size_t(100), std::size_t(1)}) {
    const HelloBytes wire = HelloBuilder::in_records(usual().message(), fragment);
    HelloReader reader;
    Parsed parsed = NeedMore{};
    for (std::size_t size = 0; size <= wire.size(); ++size) {
      // A new place for the bytes every time, as a growing buffer would have.
      const HelloBytes so_far(wire.begin(), wire.begin() + std::ptrdiff_t(size));
      parsed = reader.read(so_far);
      if (size < wire.size()) {
        ASSERT_TRUE(std::holds_alternative<NeedMore>(parsed));
      } else {
        const auto& hello = std::get<ClientHello>(parsed);
        EXPECT_EQ(hello.server_name, "www.example.org");
        EXPECT_EQ(hello.bytes_consumed, wire.size());
      }
    }
  }
}

TEST(ClientHello, AHelloOfSixtyFourKilobytesIsReadAndNotAByteMore) {
  HelloBuilder builder = usual();
  builder.extension(21, {});  // padding
  HelloBytes& padding = builder.extensions.back().second;
  padding.assign(kMaxHello - builder.message().size(), 0);
  ASSERT_EQ(builder.message().size(), kMaxHello);
  EXPECT_EQ(hello_of(builder.record()).server_name, "www.example.org");
  padding.push_back(0);
  EXPECT_EQ(defect_of(builder.record()), Defect::too_long);

  const HelloBytes too_long = HelloBytes{1} + number(kMaxHello, 3) + HelloBytes(100, 0);
  EXPECT_EQ(defect_of(HelloBuilder::one_record(too_long)), Defect::too_long);
}

TEST(ClientHello, OneByteRecordsAndOneByteSegmentsAtTheBoundEnd) {
  HelloBuilder builder = usual();
  builder.extension(21, HelloBytes(60'000, 0));
  const HelloBytes wire = HelloBuilder::in_records(builder.message(), 1);
  HelloReader reader;
  std::size_t size = 0;
  Parsed parsed = NeedMore{};
  while (std::holds_alternative<NeedMore>(parsed) && size < wire.size())
    parsed = reader.read(Octets(wire).first(++size));
  ASSERT_TRUE(std::holds_alternative<Malformed>(parsed));
  EXPECT_EQ(std::get<Malformed>(parsed).why, Defect::too_long);
  EXPECT_LE(size, kMaxHelloWire + 10);
}

TEST(ClientHello, ThousandsOfExtensionsAreReadOnceEach) {
  HelloBuilder builder;
  for (std::uint16_t type = 1000; type < 9000; ++type) builder.extension(type, {});
  builder.server_name("last.example.org");
  EXPECT_EQ(hello_of(builder.record()).server_name, "last.example.org");
  builder.extension(8999, {});
  EXPECT_EQ(defect_of(builder.record()), Defect::duplicate_extension);
}

TEST(ClientHello, AnExtensionMayComeOnlyOnce) {
  EXPECT_EQ(defect_of(usual().server_name("other.example").record()), Defect::duplicate_extension);
  EXPECT_EQ(defect_of(usual().extension(0x3a3a, {}).extension(0x3a3a, {}).record()), Defect::duplicate_extension);
  EXPECT_EQ(defect_of(usual().extension(63, {}).extension(63, {}).record()), Defect::duplicate_extension);
}

struct NameCase {
  std::string name;
  ServerNameKind kind;
};
class ServerNames : public ::testing::TestWithParam<NameCase> {};

TEST_P(ServerNames, AreSortedByWhatTheyAre) {
  const ClientHello hello = hello_of(HelloBuilder().server_name(GetParam().name).record());
  EXPECT_EQ(hello.server_name_kind, GetParam().kind) << GetParam().name;
  EXPECT_EQ(hello.server_name, GetParam().name) << "as sent";
}

using enum ServerNameKind;
INSTANTIATE_TEST_SUITE_P(
    ClientHello, ServerNames,
    ::testing::Values(
        NameCase{"www.example.org", dns}, NameCase{"WWW.Example.ORG", dns}, NameCase{"example.org.", dns},
        NameCase{"xn--bcher-kva.example", dns}, NameCase{"_dmarc.example.org", dns}, NameCase{"intranet", dns},
        NameCase{"1e100.net", dns}, NameCase{"3.example.x1", dns}, NameCase{std::string(255, 'a'), dns},
        NameCase{"192.0.2.1", ip_literal}, NameCase{"192.0.2.1.", ip_literal}, NameCase{"2001:db8::1", ip_literal},
        NameCase{"[2001:db8::1]", ip_literal}, NameCase{"fe80::1%eth0", ip_literal}, NameCase{"127.1", ip_literal},
        NameCase{"0x7f000001", ip_literal}, NameCase{"2130706433", ip_literal}, NameCase{"a.0x", ip_literal},
        NameCase{"0X7F000001", ip_literal}, NameCase{"a.0xFg", dns}, NameCase{"a.0xG", dns}, NameCase{"a.0x-", dns},
        NameCase{"[2001:db8::1", malformed}, NameCase{"", malformed}, NameCase{".", malformed},
        NameCase{"..", malformed}, NameCase{"example..org", malformed}, NameCase{".example.org", malformed},
        NameCase{"example.org..", malformed}, NameCase{std::string("good.example\0.evil.example", 26), malformed},
        NameCase{"two words.example", malformed},
        NameCase{"b\xc3\xbc"
                 "cher.example",
                 malformed},
        NameCase{"example.org:443", malformed}, NameCase{"http://example.org", malformed},
        NameCase{std::string(256, 'a'), malformed}, NameCase{"a/b", malformed}, NameCase{"*.example.org", malformed},
        NameCase{":", malformed}, NameCase{"[", malformed}, NameCase{"a\r\nb.example", malformed}));

TEST(ClientHello, TwoNamesOrAnUnknownTypeAreNoName) {
  const HelloBytes two = HelloBuilder::name_entry("good.example") + HelloBuilder::name_entry("evil.example");
  EXPECT_EQ(hello_of(HelloBuilder().extension(0, sized(two, 2)).record()).server_name_kind, ServerNameKind::malformed);
  const HelloBytes other = HelloBuilder::name_entry("good.example", 1);
  EXPECT_EQ(hello_of(HelloBuilder().extension(0, sized(other, 2)).record()).server_name_kind,
            ServerNameKind::malformed);
  const HelloBytes mixed = HelloBuilder::name_entry("good.example") + HelloBuilder::name_entry("evil.example", 7);
  EXPECT_EQ(hello_of(HelloBuilder().extension(0, sized(mixed, 2)).record()).server_name_kind,
            ServerNameKind::malformed);
}

TEST(ClientHello, ServerNameListsThatContradictThemselvesAreDefects) {
  const HelloBytes entry = HelloBuilder::name_entry("good.example");
  for (const HelloBytes& body : {HelloBytes{}, HelloBytes{0}, HelloBytes{0, 0}, sized(entry, 2) + HelloBytes{0},
                                 number(entry.size() + 1, 2) + entry, number(entry.size() - 1, 2) + entry,
                                 sized(HelloBytes{0, 0, 5, 'a'}, 2), sized(HelloBytes{0}, 2)})
    EXPECT_EQ(defect_of(HelloBuilder().extension(0, body).record()), Defect::server_name_extension);
}

TEST(ClientHello, OtherExtensionsThatContradictThemselvesAreDefects) {
  for (const HelloBytes& body : {HelloBytes{}, HelloBytes{0, 0}, HelloBytes{0, 1, 0}, HelloBytes{0, 3, 1, 'h'},
                                 HelloBytes{0, 3, 2, 'h', '2', 0}, HelloBytes{0, 2, 2, 'h'}})
    EXPECT_EQ(defect_of(HelloBuilder().extension(16, body).record()), Defect::alpn_extension);
  for (const HelloBytes& body : {HelloBytes{}, HelloBytes{0}, HelloBytes{1, 3}, HelloBytes{3, 3, 4, 3},
                                 HelloBytes{2, 3, 4, 0}, HelloBytes{4, 3, 4}})
    EXPECT_EQ(defect_of(HelloBuilder().extension(43, body).record()), Defect::supported_versions_extension);
  for (const HelloBytes& body :
       {HelloBytes{}, HelloBytes{2}, HelloBytes{0}, HelloBytes{1, 0}, HelloBytes{0, 0, 1, 0, 1, 9, 0, 0, 0, 0},
        HelloBytes{0, 0, 1, 0, 1, 9, 0, 1, 5, 0, 9, 1}, HelloBytes{0, 0, 1, 0, 1, 9, 0, 0, 0, 1, 5, 5}})
    EXPECT_EQ(defect_of(HelloBuilder().extension(0xfe0d, body).record()), Defect::ech_extension);
}

TEST(ClientHello, EncryptedHellosAreSeen) {
  EXPECT_TRUE(hello_of(usual().ech().record()).has_ech);
  EXPECT_TRUE(hello_of(usual().extension(0xfe0d, {1}).record()).has_ech);
  EXPECT_TRUE(hello_of(usual().extension(0xffce, HelloBytes(100, 1)).record()).has_old_esni);
  EXPECT_TRUE(hello_of(usual().extension(0xfe0a, HelloBytes(100, 1)).record()).has_old_esni);
  EXPECT_TRUE(hello_of(usual().extension(42, {}).record()).has_early_data);
}

TEST(ClientHello, ATruncatedBodyIsADefectAtEveryOffset) {
  HelloBuilder builder = usual();
  builder.ech();
  const HelloBytes body = builder.body();
  HelloBuilder bare = builder;
  bare.without_extensions = true;
  const std::size_t without_extensions = bare.body().size();
  for (std::size_t size = 0; size < body.size(); ++size) {
    const HelloBytes cut(body.begin(), body.begin() + std::ptrdiff_t(size));
    const HelloBytes wire = HelloBuilder::one_record(HelloBytes{1} + sized(cut, 3));
    if (size == without_extensions)
      EXPECT_EQ(hello_of(wire).server_name_kind, ServerNameKind::none);
    else
      EXPECT_TRUE(defect_of(wire)) << size;
  }
}

TEST(ClientHello, TrailingBytesAreADefect) {
  const HelloBytes message = usual().message();
  EXPECT_EQ(defect_of(HelloBuilder::one_record(message + HelloBytes{0})), Defect::trailing_data);
  EXPECT_EQ(defect_of(HelloBuilder::one_record(message + message)), Defect::trailing_data);
  EXPECT_EQ(defect_of(HelloBuilder::one_record(HelloBytes{1} + sized(usual().body() + HelloBytes{0, 0}, 3))),
            Defect::length);
  const HelloBytes first(message.begin(), message.begin() + 20), rest(message.begin() + 20, message.end());
  EXPECT_EQ(defect_of(HelloBuilder::one_record(first) + HelloBuilder::one_record(rest + HelloBytes{1})),
            Defect::trailing_data);
}

TEST(ClientHello, FieldsOutsideTheirBoundsAreDefects) {
  HelloBuilder builder = usual();
  builder.session_id.resize(33);
  EXPECT_EQ(defect_of(builder.record()), Defect::session_id);
  builder = usual();
  builder.cipher_suites = {};
  EXPECT_EQ(defect_of(builder.record()), Defect::cipher_suites);
  builder.cipher_suites = {1, 2, 3};
  EXPECT_EQ(defect_of(builder.record()), Defect::cipher_suites);
  builder = usual();
  builder.compression = {};
  EXPECT_EQ(defect_of(builder.record()), Defect::compression);
  builder = usual();
  builder.version = 0x0002;
  EXPECT_EQ(defect_of(builder.record()), Defect::version);
}

TEST(ClientHello, OnlyHandshakeRecordsCarryIt) {
  const HelloBytes message = usual().message();
  const HelloBytes first = HelloBuilder::one_record(HelloBytes(message.begin(), message.begin() + 20));
  const HelloBytes rest = HelloBuilder::one_record(HelloBytes(message.begin() + 20, message.end()));
  for (const std::uint8_t type : {20, 21, 23, 24, 0, 255})
    EXPECT_EQ(defect_of(first + HelloBuilder::one_record({1}, type) + rest), Defect::unexpected_record) << int(type);
  EXPECT_EQ(defect_of(first + HelloBytes{22, 3, 1, 0, 0} + rest), Defect::record_length);
  EXPECT_EQ(defect_of(first + HelloBytes{22, 3, 1, 0x40, 1} + rest), Defect::record_length);
  EXPECT_EQ(defect_of(first + HelloBytes{22, 2, 1} + sized({1}, 2)), Defect::record_version);
  EXPECT_EQ(hello_of(first + rest).records, 2u);
  for (const std::uint16_t version : {0x0300, 0x0301, 0x0303, 0x0304, 0x03ff})
    EXPECT_EQ(hello_of(HelloBuilder::one_record(message, 22, version)).server_name, "www.example.org");
  EXPECT_EQ(defect_of(HelloBuilder::one_record({2, 40}, 21)), Defect::unexpected_record);
  EXPECT_EQ(defect_of(HelloBuilder::one_record({2, 0, 0, 0})), Defect::not_client_hello);
  EXPECT_EQ(defect_of(HelloBytes{22, 3, 1, 0, 9, 0}), Defect::not_client_hello);
}

TEST(ClientHello, WhatIsNotTlsIsSaidAtOnce) {
  for (const std::string_view other : {"GET / HTTP/1.1\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
                                       "\x13"
                                       "BitTorrent protocol",
                                       "\x05\x01", "EHLO x\r\n", "\x80", "\xff\xff\xff\xff\xff", "\x16\x02\x01"}) {
    const Parsed parsed = look(text(other));
    if (other == "\x80")
      EXPECT_TRUE(std::holds_alternative<NeedMore>(parsed));
    else
      EXPECT_TRUE(std::holds_alternative<NotTls>(parsed)) << other;
  }
  EXPECT_TRUE(std::holds_alternative<NotTls>(look(text("G"))));
  EXPECT_TRUE(std::holds_alternative<NeedMore>(look({})));
  EXPECT_TRUE(std::holds_alternative<NeedMore>(look({22})));
}

TEST(ClientHello, AnSsl2HelloIsNamed) {
  const HelloBytes body =
      HelloBytes{1, 3, 1} + number(3, 2) + number(0, 2) + number(16, 2) + HelloBytes{0, 0, 0x2f} + HelloBytes(16, 1);
  const HelloBytes wire = number(0x8000 | body.size(), 2) + body;
  EXPECT_EQ(defect_of(wire), Defect::ssl2_hello);
  HelloBytes two = wire;
  two[3] = 0;
  two[4] = 2;
  EXPECT_EQ(defect_of(two), Defect::ssl2_hello);
  for (std::size_t size = 0; size < 5; ++size)
    EXPECT_TRUE(std::holds_alternative<NeedMore>(look(HelloBytes(wire.begin(), wire.begin() + std::ptrdiff_t(size)))));
}

TEST(ClientHello, VersionsThatAreOnlyGreaseOrOlderThanSsl3AreNone) {
  EXPECT_EQ(hello_of(HelloBuilder().versions({0x0002}).record()).highest_version(), 0);
  EXPECT_EQ(hello_of(HelloBuilder().versions({0x1a1a, 0x7f17}).record()).highest_version(), 0);
  HelloBuilder odd;
  odd.version = 0x0505;
  EXPECT_EQ(hello_of(odd.record()).highest_version(), 0x0303);
}

TEST(ClientHello, EveryDefectHasAName) {
  for (int i = 0; i <= int(Defect::ech_extension); ++i) EXPECT_NE(to_string(Defect(i)), "unknown") << i;
  EXPECT_EQ(to_string(Defect(255)), "unknown");
}

}  // namespace
}  // namespace schoolgate::tls
