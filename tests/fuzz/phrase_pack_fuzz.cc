// Files of phrases, ours and e2guardian's.
#include <cstdint>
#include <string_view>

#include "content/phrase_pack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  schoolgate::Problems problems;
  (void)schoolgate::content::read_phrases(text, "x", problems);
  (void)schoolgate::content::read_e2guardian_phrases(text, "drugs", "x", problems);
  return 0;
}
