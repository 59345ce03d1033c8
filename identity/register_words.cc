#include "identity/register_words.h"

namespace schoolgate::identity {
namespace {

constexpr std::size_t kLongestText = 200;

}  // namespace

Result<void> check_words(std::string_view field, std::string_view value, bool may_be_empty) {
  if (value.empty() && !may_be_empty) return fail(Fault::client, std::string(field) + " is missing");
  if (value.size() > kLongestText)
    return fail(Fault::client, std::string(field) + " is longer than " + std::to_string(kLongestText) + " bytes");
  for (const char c : value)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return fail(Fault::client, std::string(field) + " holds a control character");
  return {};
}

Result<void> check_group(std::string_view group) {
  if (auto good = check_words("a group's name", group, false); !good) return good;
  if (group.contains(',')) return fail(Fault::client, "a group's name holds no comma");
  for (const char c : group)
    if (c >= 'A' && c <= 'Z')
      return fail(Fault::client, "group '" + std::string(group) + "' is not in lower case", "write it so");
  return {};
}

std::vector<std::string> words_of_cell(std::string_view cell) {
  std::vector<std::string> words;
  while (!cell.empty()) {
    const auto comma = cell.find(',');
    words.emplace_back(cell.substr(0, comma));
    cell.remove_prefix(comma == cell.npos ? cell.size() : comma + 1);
  }
  return words;
}

names::IpAddress address_of_cell(std::string_view cell) {
  return names::IpAddress::parse(cell).value_or(names::IpAddress{});
}

}  // namespace schoolgate::identity
