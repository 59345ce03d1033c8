#include "proxy/tls/missing_issuers.h"

#include <utility>

#include "proxy/tls/issuer_file.h"

namespace schoolgate::tls {
namespace {

const MissingIssuers::Certificates& none() {
  static const MissingIssuers::Certificates kNone = std::make_shared<const std::vector<std::string>>();
  return kNone;
}

}  // namespace

std::shared_ptr<MissingIssuers> MissingIssuers::make(Fetch fetch, MissingIssuersLimits limits, Now now) {
  return std::shared_ptr<MissingIssuers>(new MissingIssuers(std::move(fetch), limits, std::move(now)));
}

MissingIssuers::MissingIssuers(Fetch fetch, MissingIssuersLimits limits, Now now)
    : fetch_(std::move(fetch)), limits_(limits), now_(std::move(now)) {}

MissingIssuers::Certificates MissingIssuers::known(std::string_view address) {
  const std::scoped_lock lock(mutex_);
  return look_up(address);
}

void MissingIssuers::find(std::string address, Done done) {
  {
    std::unique_lock lock(mutex_);
    if (Certificates known = look_up(address)) {
      lock.unlock();
      return done(std::move(known));
    }
    const auto asked = asking_.find(address);
    const bool full =
        asked == asking_.end() ? asking_.size() >= limits_.fetching : asked->second.size() >= limits_.waiting;
    if (full) {
      ++counters_.refused;
      lock.unlock();
      return done(none());
    }
    if (asked != asking_.end()) return asked->second.push_back(std::move(done));
    asking_[address].push_back(std::move(done));
  }
  // Whoever fetches may outlive this: what comes then is nobody's.
  fetch_(address, [self = weak_from_this(), address](const Result<std::string>& file) {
    if (const auto here = self.lock()) here->arrived(address, file);
  });
}

MissingIssuersCounters MissingIssuers::counters() const {
  const std::scoped_lock lock(mutex_);
  return counters_;
}

MissingIssuers::Certificates MissingIssuers::look_up(std::string_view address) {
  const auto at = by_address_.find(address);
  if (at == by_address_.end() || at->second->until <= now_()) return nullptr;
  kept_.splice(kept_.begin(), kept_, at->second);
  ++counters_.hits;
  return at->second->certificates;
}

void MissingIssuers::arrived(const std::string& address, const Result<std::string>& file) {
  Certificates certificates = none();
  if (file)
    if (auto read = read_issuer_file(*file); !read.empty())
      certificates = std::make_shared<const std::vector<std::string>>(std::move(read));
  std::vector<Done> waiting;
  {
    const std::scoped_lock lock(mutex_);
    ++(certificates->empty() ? counters_.failed : counters_.fetched);
    keep(address, certificates);
    if (const auto asked = asking_.extract(address)) waiting = std::move(asked.mapped());
  }
  for (const Done& done : waiting) done(certificates);
}

void MissingIssuers::keep(const std::string& address, Certificates certificates) {
  Kept kept{.address = address, .certificates = std::move(certificates)};
  kept.bytes = address.size();
  for (const std::string& one : *kept.certificates) kept.bytes += one.size();
  kept.until = now_() + (kept.certificates->empty() ? limits_.failed : limits_.kept_for);
  if (const auto at = by_address_.find(address); at != by_address_.end()) {
    const auto old = at->second;
    bytes_ -= old->bytes;
    by_address_.erase(at);
    kept_.erase(old);
  }
  while (!kept_.empty() && (kept_.size() >= limits_.kept || bytes_ + kept.bytes > limits_.bytes)) drop_oldest();
  bytes_ += kept.bytes;
  kept_.push_front(std::move(kept));
  by_address_.emplace(kept_.front().address, kept_.begin());
}

void MissingIssuers::drop_oldest() {
  bytes_ -= kept_.back().bytes;
  by_address_.erase(kept_.back().address);
  kept_.pop_back();
}

}  // namespace schoolgate::tls
