#include "proxy/tls/leaf_mint.h"

#include <openssl/evp.h>

#include <utility>

#include "base/thread_name.h"

namespace schoolgate::tls {
namespace {

constexpr auto kTooShort = std::chrono::hours(1);

std::string key_of(std::string_view host, LeafFor what, std::string_view upstream_fingerprint) {
  std::string key;
  key.reserve(host.size() + upstream_fingerprint.size() + 2);
  key += what == LeafFor::own_page ? 'o' : 'v';
  key += host;
  key += ' ';
  key += upstream_fingerprint;
  return key;
}

}  // namespace

Result<std::unique_ptr<LeafMint>> LeafMint::make(std::unique_ptr<LeafSigner> signer, LeafMintLimits limits, Now now) {
  auto key = make_leaf_key();
  if (!key) return std::unexpected(key.error());
  if (auto named = signer->use_key(public_half(key->get())); !named) return std::unexpected(named.error());
  std::unique_ptr<LeafMint> mint(new LeafMint(std::move(signer), std::move(*key), limits, std::move(now)));
  mint->thread_ = std::thread([raw = mint.get()] { raw->run(); });
  return mint;
}

Result<std::unique_ptr<LeafMint>> LeafMint::make(std::shared_ptr<const Authority> authority, LeafMintLimits limits) {
  return make(make_local_signer(std::move(authority)), limits);
}

LeafMint::LeafMint(std::unique_ptr<LeafSigner> signer, KeyHandle key, LeafMintLimits limits, Now now)
    : signer_(std::move(signer)), key_(std::move(key)), limits_(limits), now_(std::move(now)) {}

LeafMint::~LeafMint() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (auto& [key, order] : orders_)
    for (const Done& done : order.waiting) done(fail(Fault::host, "the gateway is stopping"));
}

std::shared_ptr<const Leaf> LeafMint::cached(std::string_view host, LeafFor what,
                                             std::string_view upstream_fingerprint) {
  const std::string key = key_of(host, what, upstream_fingerprint);
  const std::lock_guard lock(mutex_);
  auto leaf = find(key);
  ++(leaf ? counters_.hits : counters_.misses);
  return leaf;
}

void LeafMint::mint(std::string host, LeafFor what, std::string upstream_fingerprint, Done done) {
  std::string key = key_of(host, what, upstream_fingerprint);
  {
    const std::lock_guard lock(mutex_);
    if (const auto order = orders_.find(key); order != orders_.end()) {
      order->second.waiting.push_back(std::move(done));
      return;
    }
    if (orders_.size() < limits_.waiting) {
      orders_[key] = {std::move(host), what, {}};
      orders_[key].waiting.push_back(std::move(done));
      queue_.push_back(std::move(key));
      changed_.notify_one();
      return;
    }
    ++counters_.refused;
  }
  done(fail(Fault::host, "too many certificates wait to be made"));
}

LeafMintCounters LeafMint::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void LeafMint::run() {
  name_this_thread("mint");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const std::string key = std::move(queue_.front());
    queue_.pop_front();
    const std::string host = orders_[key].host;
    const LeafFor what = orders_[key].what;
    Minted minted = find(key);  // it may have come while this order waited
    if (!*minted) {
      lock.unlock();
      const auto der = signer_->sign(host, what, now_());
      minted = der ? make_leaf(*der, key_.get()) : Minted(std::unexpected(der.error()));
      lock.lock();
      ++(minted ? counters_.minted : counters_.failed);
      if (minted) keep(key, *minted);
    }
    std::vector<Done> waiting = std::move(orders_[key].waiting);
    orders_.erase(key);
    lock.unlock();
    for (const Done& done : waiting) done(minted);
    waiting.clear();  // with all they hold, outside the lock
    lock.lock();
  }
}

std::shared_ptr<const Leaf> LeafMint::find(std::string_view key) {
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return nullptr;
  const Leaf& leaf = *at->second->leaf;
  if (const TimePoint now = now_(); leaf.not_after < now + kTooShort || leaf.not_before > now) return nullptr;
  kept_.splice(kept_.begin(), kept_, at->second);
  return at->second->leaf;
}

void LeafMint::keep(const std::string& key, std::shared_ptr<const Leaf> leaf) {
  if (const auto at = by_key_.find(key); at != by_key_.end()) {
    at->second->leaf = std::move(leaf);
    kept_.splice(kept_.begin(), kept_, at->second);
    return;
  }
  if (kept_.size() >= limits_.cached && !kept_.empty()) {
    by_key_.erase(kept_.back().key);
    kept_.pop_back();
    ++counters_.evicted;
  }
  kept_.push_front({key, std::move(leaf)});
  by_key_.emplace(kept_.front().key, kept_.begin());
}

}  // namespace schoolgate::tls
