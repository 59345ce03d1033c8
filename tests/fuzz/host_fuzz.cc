// Whatever Host::parse accepts is canonical for good, holds only the bytes of a host, and keeps its lengths.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "names/host.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using schoolgate::names::Host;
  const auto host = Host::parse({reinterpret_cast<const char*>(data), size});
  if (!host) {
    must(host.error().fault == schoolgate::Fault::client && !host.error().what.empty());
    return 0;
  }
  const std::string_view text = host->text();
  must(!text.empty() && text.size() <= 253);
  const bool literal = text[0] == '[';
  must(literal == (text.back() == ']'));
  std::size_t label = 0;
  for (const char c : text) {
    label = c == '.' ? 0 : label + 1;
    must(label <= 63);
    must((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
         (literal && (c == ':' || c == '[' || c == ']')));
  }
  must(text.front() != '.' && text.back() != '.' && text.find("..") == std::string_view::npos);
  if (host->address()) must(Host::from_address(*host->address()) == *host);

  const auto again = Host::parse(text);
  must(again && again->text() == text && again->address() == host->address());
  return 0;
}
