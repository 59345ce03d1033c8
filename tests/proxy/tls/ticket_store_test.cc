#include "proxy/tls/ticket_store.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

namespace schoolgate::tls {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const TimePoint kNow = *from_rfc3339("2026-11-22T09:00:00Z");

/// A ticket that can be told from others.
SessionHandle ticket(long mark) {
  SessionHandle made(SSL_SESSION_new());
  SSL_SESSION_set_timeout(made.get(), mark);
  return made;
}
long mark_of(const SessionHandle& taken) { return taken ? SSL_SESSION_get_timeout(taken.get()) : -1; }

TEST(TicketStore, GivesTheYoungestOnceAndOnlyForItsKey) {
  TicketStore store;
  store.put("a", ticket(1), kNow, kNow + hours(9));
  store.put("a", ticket(2), kNow, kNow + hours(9));
  store.put("b", ticket(3), kNow, kNow + hours(9));
  EXPECT_EQ(mark_of(store.take("c", kNow)), -1);
  EXPECT_EQ(mark_of(store.take("a", kNow)), 2);
  EXPECT_EQ(mark_of(store.take("a", kNow)), 1);
  EXPECT_EQ(mark_of(store.take("a", kNow)), -1);
  EXPECT_EQ(mark_of(store.take("b", kNow)), 3);
  EXPECT_EQ(store.size(), 0u);
  EXPECT_EQ(store.counters().taken, 3u);
}

TEST(TicketStore, NothingOutlivesAnHourOrTheCertificate) {
  TicketStore store;
  store.put("a", ticket(1), kNow, kNow + hours(9));
  EXPECT_EQ(mark_of(store.take("a", kNow + hours(1))), -1);
  EXPECT_EQ(store.counters().expired, 1u);
  store.put("a", ticket(2), kNow, kNow + minutes(5));
  EXPECT_EQ(mark_of(store.take("a", kNow + minutes(5))), -1);
  store.put("a", ticket(3), kNow, kNow);
  EXPECT_EQ(store.size(), 0u);
  store.put("a", ticket(4), kNow, kNow + minutes(5));
  EXPECT_EQ(mark_of(store.take("a", kNow + minutes(4))), 4);
}

TEST(TicketStore, HoldsSoManyInAllAndForOneSite) {
  TicketStore store({.total = 3, .per_site = 2});
  store.put("a", ticket(1), kNow, kNow + hours(1));
  store.put("a", ticket(2), kNow, kNow + hours(1));
  store.put("a", ticket(3), kNow, kNow + hours(1));
  EXPECT_EQ(store.size(), 2u);
  store.put("b", ticket(4), kNow, kNow + hours(1));
  store.put("c", ticket(5), kNow, kNow + hours(1));
  EXPECT_EQ(store.size(), 3u);
  EXPECT_EQ(mark_of(store.take("a", kNow)), 3);
  EXPECT_EQ(mark_of(store.take("a", kNow)), -1);
  EXPECT_EQ(store.counters().evicted, 2u);
}

TEST(TicketStore, ClearForgetsAll) {
  TicketStore store;
  store.put("a", ticket(1), kNow, kNow + hours(1));
  store.clear();
  EXPECT_EQ(mark_of(store.take("a", kNow)), -1);
}

}  // namespace
}  // namespace schoolgate::tls
