// Any bytes: parsed or not, never out of bounds; what parses can be asked for.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "breaches/flat_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto json = schoolgate::breaches::FlatJson::parse(text)) {
    for (const std::string_view name : {"time", "seq", "reason.tier", "ms", ""})
      (void)(json->text(name).size() + std::size_t(json->integer(name) != 0) + std::size_t(json->number(name) > 0));
  }
  return 0;
}
