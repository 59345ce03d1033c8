#include "rules/policy_store.h"

#include <atomic>
#include <thread>

#include "tests/rules/policies.h"

namespace schoolgate::rules {
namespace {

using namespace test;

TEST(PolicyStore, AViewSeesTheNewPolicyAndKeepsTheOldOneAlive) {
  PolicyStore store(compiled(school()));
  PolicyView view(store);
  const auto old = view.current();
  PolicySpec next = school({block_site("a.example")});
  next.version = "v2";
  store.publish(compiled(next));
  EXPECT_EQ(view.current()->version(), "v2");
  EXPECT_EQ(old->version(), "v1");
}

TEST(PolicyStore, ReadersOfManyThreadsAlwaysHaveAWholePolicy) {
  const auto open = compiled(school()), closed = compiled(school({block_site("a.example")}));
  PolicyStore store(open);
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      PolicyView view(store);
      const Request request = get("http://a.example/");
      while (!done.load()) {
        const auto snapshot = view.current();
        const Action expected = snapshot == open ? Action::allow : Action::block;
        EXPECT_EQ(ask(*snapshot, request).action, expected);
      }
    });
  for (int i = 0; i < 500; ++i) store.publish(i % 2 ? open : closed);
  done = true;
  for (std::thread& reader : readers) reader.join();
}

TEST(PolicyStore, OneSnapshotAnswersManyThreads) {
  const auto snapshot = compiled(school({block_pattern("(?i)free[-_]?spins"), block_site("a.example")}));
  std::vector<std::thread> askers;
  for (int i = 0; i < 4; ++i)
    askers.emplace_back([&] {
      const Request spins = get("http://b.example/Free-Spins"), other = get("http://b.example/other");
      for (int n = 0; n < 300; ++n) {
        EXPECT_EQ(ask(*snapshot, spins).action, Action::block);
        EXPECT_EQ(ask(*snapshot, other).action, Action::allow);
      }
    });
  for (std::thread& asker : askers) asker.join();
}

}  // namespace
}  // namespace schoolgate::rules
