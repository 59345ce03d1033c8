// Forms and targets: what is read holds to its bounds, is UTF-8 without NUL, and reads back as it was when written
// anew.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "web/form.h"
#include "web/text.h"
#include "web/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace schoolgate::web;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const FormBounds bounds{.fields = 20, .name = 50, .value = 200};
  if (const auto form = Form::parse(text, bounds)) {
    if (form->fields().size() > bounds.fields) std::abort();
    for (const auto& [name, value] : form->fields()) {
      if (name.size() > bounds.name || value.size() > bounds.value) std::abort();
      if (!is_utf8(name) || !is_utf8(value) || name.contains('\0') || value.contains('\0')) std::abort();
    }
    const auto again = Form::parse(encode_query(form->fields()), bounds);
    if (!again || again->fields() != form->fields()) std::abort();
  }
  if (const auto target = read_target(text)) {
    if (!is_local_address(target->path) || target->path.contains("//") || target->path.contains("/../")) std::abort();
  }
  if (const auto url = web_address(text); url && !url->starts_with("http")) std::abort();
  if (!is_utf8(shown(text))) std::abort();
  return 0;
}
