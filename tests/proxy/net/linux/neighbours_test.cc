#include "proxy/net/linux/neighbours.h"

#include <gtest/gtest.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstring>
#include <string>

namespace schoolgate::net {
namespace {

/// One RTM_NEWNEIGH as the kernel writes it.
class Message {
 public:
  explicit Message(std::uint16_t state, std::uint16_t type = RTM_NEWNEIGH) : type_(type) {
    ndmsg head{};
    head.ndm_state = state;
    body_.append(reinterpret_cast<const char*>(&head), sizeof head);
  }
  Message& attribute(std::uint16_t type, std::string_view value) {
    const rtattr head{.rta_len = std::uint16_t(RTA_LENGTH(value.size())), .rta_type = type};
    body_.append(reinterpret_cast<const char*>(&head), sizeof head);
    body_.append(value);
    body_.resize((body_.size() + 3) / 4 * 4);
    return *this;
  }
  Message& age(std::uint32_t confirmed, std::uint32_t updated) {
    const nda_cacheinfo cache{.ndm_confirmed = confirmed, .ndm_used = 0, .ndm_updated = updated, .ndm_refcnt = 0};
    return attribute(NDA_CACHEINFO, {reinterpret_cast<const char*>(&cache), sizeof cache});
  }
  [[nodiscard]] std::string bytes() const {
    nlmsghdr head{};
    head.nlmsg_len = std::uint32_t(sizeof head + body_.size());
    head.nlmsg_type = type_;
    return std::string(reinterpret_cast<const char*>(&head), sizeof head) + body_;
  }

 private:
  std::uint16_t type_;
  std::string body_;
};

constexpr std::string_view kV4("\x0a\x14\x01\x05", 4), kMac("\x02\x00\x5e\x10\x00\x01", 6);

bool read(const std::string& bytes, std::vector<Neighbour>& into, std::size_t most = 100) {
  return read_neighbour_messages({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, into, most);
}

TEST(Neighbours, AnAddressAndItsMachine) {
  std::vector<Neighbour> found;
  const std::string v6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + '\x05';
  EXPECT_TRUE(read(Message(NUD_REACHABLE).attribute(NDA_DST, kV4).attribute(NDA_LLADDR, kMac).age(250, 900).bytes() +
                       Message(NUD_STALE).attribute(NDA_DST, v6).attribute(NDA_LLADDR, kMac).bytes(),
                   found));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].address.text(), "10.20.1.5");
  EXPECT_EQ(found[0].mac, "02:00:5e:10:00:01");
  EXPECT_EQ(found[0].since, std::chrono::milliseconds(2500));
  EXPECT_EQ(found[1].address.text(), "2001:db8::5");
}

TEST(Neighbours, WhatNeverAnsweredIsNone) {
  std::vector<Neighbour> found;
  EXPECT_TRUE(
      read(Message(NUD_FAILED).attribute(NDA_DST, kV4).attribute(NDA_LLADDR, kMac).bytes() +
               Message(NUD_INCOMPLETE).attribute(NDA_DST, kV4).bytes() +
               Message(NUD_NOARP).attribute(NDA_DST, kV4).attribute(NDA_LLADDR, kMac).bytes() +
               Message(NUD_REACHABLE).attribute(NDA_DST, kV4).bytes() +
               Message(NUD_REACHABLE).attribute(NDA_LLADDR, kMac).bytes() +
               Message(NUD_REACHABLE).attribute(NDA_DST, kV4).attribute(NDA_LLADDR, std::string(6, '\0')).bytes() +
               Message(NUD_REACHABLE).attribute(NDA_DST, "abc").attribute(NDA_LLADDR, kMac).bytes(),
           found));
  EXPECT_TRUE(found.empty());
}

TEST(Neighbours, WhatAnAdministratorWroteDownIsAlwaysNow) {
  std::vector<Neighbour> found;
  EXPECT_TRUE(read(Message(NUD_PERMANENT).attribute(NDA_DST, kV4).attribute(NDA_LLADDR, kMac).age(90000, 90000).bytes(),
                   found));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].since.count(), 0);
}

TEST(Neighbours, TheEndEndsIt) {
  std::vector<Neighbour> found;
  const std::string one = Message(NUD_REACHABLE).attribute(NDA_DST, kV4).attribute(NDA_LLADDR, kMac).bytes();
  EXPECT_FALSE(read(one + Message(0, NLMSG_DONE).bytes(), found));
  EXPECT_EQ(found.size(), 1u);
}

TEST(Neighbours, NoMoreThanAskedFor) {
  std::vector<Neighbour> found;
  const std::string one = Message(NUD_REACHABLE).attribute(NDA_DST, kV4).attribute(NDA_LLADDR, kMac).bytes();
  EXPECT_TRUE(read(one + one + one, found, 2));
  EXPECT_EQ(found.size(), 2u);
}

TEST(Neighbours, BytesThatDoNotAddUpEndIt) {
  const std::string one = Message(NUD_REACHABLE).attribute(NDA_DST, kV4).attribute(NDA_LLADDR, kMac).bytes();
  for (std::size_t length = 1; length < one.size(); ++length) {
    std::vector<Neighbour> found;
    EXPECT_FALSE(read(one.substr(0, length), found));
    EXPECT_TRUE(found.empty());
  }
  std::string wrong = one;
  wrong[sizeof(nlmsghdr) + sizeof(ndmsg)] = 1;  // an attribute shorter than its own head
  std::vector<Neighbour> found;
  EXPECT_TRUE(read(wrong, found));
  EXPECT_TRUE(found.empty());
}

TEST(Neighbours, TheKernelAnswers) { EXPECT_TRUE(read_neighbours()); }

}  // namespace
}  // namespace schoolgate::net
