#include "proxy/tls/missing_issuers.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"
#include "names/url.h"
#include "proxy/tls/issuer_file.h"

namespace schoolgate::tls {
namespace {

const MissingIssuers::Certificates& none() {
  static const MissingIssuers::Certificates kNone = std::make_shared<const std::vector<std::string>>();
  return kNone;
}

std::string host_of(const std::string& address) {
  const auto url = names::Url::parse(address);
  return std::string(url ? url->host() : std::string_view(address));
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
  std::string host = host_of(address);
  {
    std::unique_lock lock(mutex_);
    if (Certificates known = look_up(address)) {
      lock.unlock();
      return done(std::move(known));
    }
    const auto asked = asking_.find(address);
    const bool full = asked == asking_.end() ? is_full(host) : asked->second.waiting.size() >= limits_.waiting;
    if (full) {
      ++counters_.refused;
      lock.unlock();
      return done(none());
    }
    if (asked != asking_.end()) return asked->second.waiting.push_back(std::move(done));
    Asking& asking = asking_[address];
    asking.host = std::move(host);
    asking.waiting.push_back(std::move(done));
  }
  // Whoever fetches may outlive this: what comes then is nobody's.
  try {
    fetch_(address, [self = weak_from_this(), address](const Result<std::string>& file) {
      if (const auto here = self.lock()) here->arrived(address, file);
    });
  } catch (const std::exception& error) {
    cannot_begin(address, error.what());
  }
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

bool MissingIssuers::is_full(std::string_view host) const {
  const auto at_host = std::ranges::count_if(asking_, [&](const auto& each) { return each.second.host == host; });
  return asking_.size() >= limits_.fetching || std::size_t(at_host) >= limits_.fetching_of_host;
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
    if (const auto asked = asking_.extract(address)) waiting = std::move(asked.mapped().waiting);
  }
  for (const Done& done : waiting) done(certificates);
}

// The machine is short of something (of threads): that says nothing of the address, which is tried again next time.
void MissingIssuers::cannot_begin(const std::string& address, const char* why) {
  log::warning("an issuer's certificate cannot be fetched", {{"why", why}});
  std::vector<Done> waiting;
  {
    const std::scoped_lock lock(mutex_);
    ++counters_.failed;
    if (const auto asked = asking_.extract(address)) waiting = std::move(asked.mapped().waiting);
  }
  for (const Done& done : waiting) done(none());
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
