// The questions that the process with the authority's key reads: whoever asks parses the network.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "proxy/tls/certificate_parts.h"
#include "proxy/tls/key_talk.h"

using namespace schoolgate::tls;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view packet(reinterpret_cast<const char*>(data), size);
  const Question question = read_question(packet);
  // What is a question is written in one way only, and names nothing but a host.
  if (const auto* sign = std::get_if<Sign>(&question)) {
    if (write_question(*sign) != packet || !may_be_named(sign->host)) std::abort();
  } else if (const auto* pages = std::get_if<SignForPages>(&question)) {
    if (write_question(*pages) != packet || pages->hosts.empty() || pages->hosts.size() > kMostPageNames) std::abort();
    for (const std::string_view host : pages->hosts)
      if (!may_be_named(host)) std::abort();
  } else if (const auto* use = std::get_if<UseKey>(&question)) {
    if (write_question(*use) != packet) std::abort();
  }
  if (const auto answer = read_answer(packet)) {
    if (write_answer(*answer) != packet) std::abort();
  }
  return 0;
}
