#include "app/ask_as_member.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "app/command.h"
#include "app/control_plane.h"
#include "app/group_question.h"
#include "app/start_policy.h"
#include "base/file.h"

namespace schoolgate::app {
namespace {

// The folder that --config names is taken out of `words`.
std::filesystem::path take_config(std::vector<std::string_view>& words) {
  constexpr std::string_view kOption = "--config", kWithValue = "--config=";
  std::string_view folder;
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i] == kOption && i + 1 < words.size()) {
      folder = words[i + 1];
      words.erase(words.begin() + std::ptrdiff_t(i), words.begin() + std::ptrdiff_t(i) + 2);
      break;
    }
    if (words[i].starts_with(kWithValue)) {
      folder = words[i].substr(kWithValue.size());
      words.erase(words.begin() + std::ptrdiff_t(i));
      break;
    }
  }
  return folder;
}

bool is_closed_to_this_user(const std::filesystem::path& state) {
  return ::faccessat(AT_FDCWD, state.c_str(), R_OK | X_OK, AT_EACCESS) != 0 && errno == EACCES;
}

}  // namespace

std::optional<int> ask_as_member(std::string_view command, std::span<const std::string_view> given) {
  if (::geteuid() == 0) return std::nullopt;
  std::vector<std::string_view> words{command};
  words.insert(words.end(), given.begin(), given.end());
  const std::filesystem::path config = take_config(words);
  if (config.empty() || !is_group_question(words)) return std::nullopt;
  const std::filesystem::path folder = std::filesystem::absolute(config).lexically_normal();
  const auto text = read_file(folder / "schoolgate.yaml");
  const auto state = text ? state_named_in(*text, folder) : std::nullopt;
  if (!state || !is_closed_to_this_user(*state)) return std::nullopt;
  const auto answer = ask_running_gateway(*state, request_of(words));
  if (!answer) return std::nullopt;
  const auto printed = printed_in(answer->text);
  if (!answer->done || !printed) {
    std::fprintf(stderr, "schoolgate: %s", answer->text.c_str());
    return kProblem;
  }
  std::fwrite(printed->err.data(), 1, printed->err.size(), stderr);
  print(printed->out);
  return printed->status;
}

}  // namespace schoolgate::app
