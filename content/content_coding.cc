#include "content/content_coding.h"

#include <algorithm>
#include <string>

#include "base/ascii.h"
#include "content/charset.h"
#include "content/coding.h"

namespace schoolgate::content {
namespace {

std::unique_ptr<Coding> coding_named(std::string_view name) {
  if (name == "gzip" || name == "x-gzip") return make_gzip();
  if (name == "deflate") return make_deflate();
  if (name == "br") return make_brotli();
  if (name == "zstd") return make_zstd();
  return nullptr;
}

/// What servers write there by mistake, and no client takes for a coding.
bool codes_nothing(std::string_view name) noexcept {
  return name == "identity" || name == "none" || name.contains('/') || !charset_labelled(name).empty();
}

}  // namespace

ContentDecoder::ContentDecoder(std::string_view field, const Bounds& bounds) : bounds_(bounds) {
  std::vector<std::string> names;
  while (!field.empty()) {
    const std::size_t comma = std::min(field.find(','), field.size());
    std::string name;
    for (const char c : field.substr(0, comma))
      if (c != ' ' && c != '\t') name += ascii_lower(c);
    if (!name.empty()) names.push_back(std::move(name));
    field.remove_prefix(std::min(comma + 1, field.size()));
  }
  for (const std::string& name : names) {
    auto coding = coding_named(name);
    // Beside one that is not known some browsers leave all of them as they are.
    if (!coding && (names.size() > 1 || !codes_nothing(name))) doubtful_ = true;
    if (coding) codings_.insert(codings_.begin(), std::move(coding));
  }
  if (codings_.size() > bounds_.depth) status_ = Status::oversized;
}

ContentDecoder::ContentDecoder(ContentDecoder&&) noexcept = default;
ContentDecoder::~ContentDecoder() = default;

ContentDecoder::Status ContentDecoder::feed(std::string_view bytes, const Sink& sink) {
  if (status_ != Status::more) return status_;
  in_ += bytes.size();
  pass(0, bytes, sink);
  return status_;
}

void ContentDecoder::pass(std::size_t coding, std::string_view bytes, const Sink& sink) {
  if (status_ != Status::more || bytes.empty()) return;
  const bool read = coding == codings_.size();
  // What comes out of an inner coding counts too: a small file may hold a large one that holds nothing.
  if (coding != 0 || read) {
    out_ += bytes.size();
    const bool inflated = out_ > bounds_.spared && !codings_.empty() && out_ / bounds_.ratio > in_;
    if (inflated || out_ > bounds_.most) {
      // A large page is no bomb, and its rest is not read; but a small answer must not hide its words behind a large
      // one.
      status_ = inflated || !codings_.empty() ? Status::oversized : Status::finished;
      return;
    }
  }
  if (read) return sink(bytes);
  const Status status = codings_[coding]->feed(bytes, [&](std::string_view piece) {
    pass(coding + 1, piece, sink);
    return status_ == Status::more;
  });
  if (status_ == Status::more) status_ = status;
}

}  // namespace schoolgate::content
