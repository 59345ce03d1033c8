#include "casework/alerts/conflict_of_interest.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "casework/viewer.h"

namespace schoolgate::casework {
namespace {

// Who is told instead of somebody whom the episode is about.
constexpr std::string_view kInstead[] = {"head", "dsl", "deputy"};

bool is_about(const Recipient& recipient, const breaches::Episode& episode) {
  return is_viewer({.user = recipient.user, .role = Role::dsl, .also = {}}, episode.person);
}

// The destination itself, or who is told in its place; nullopt when there is nobody else.
std::optional<std::string> destination_for(const AlertSettings& settings, const std::string& destination,
                                           const breaches::Episode& episode) {
  const auto wanted = std::ranges::find(settings.recipients, destination, &Recipient::id);
  if (wanted == settings.recipients.end() || !is_about(*wanted, episode)) return destination;
  for (const std::string_view id : kInstead) {
    const auto other = std::ranges::find(settings.recipients, id, &Recipient::id);
    if (other != settings.recipients.end() && !is_about(*other, episode)) return other->id;
  }
  for (const Recipient& other : settings.recipients)
    if (!is_about(other, episode) && other.id != "it") return other.id;
  return std::nullopt;
}

}  // namespace

std::set<std::string> destinations_for(const AlertSettings& settings, const std::vector<std::string>& wanted,
                                       const breaches::Episode& episode) {
  std::set<std::string> destinations;
  for (const std::string& destination : wanted) {
    if (auto told = destination_for(settings, destination, episode))
      destinations.insert(*std::move(told));
    else
      log::warning("an alert is about its only recipient", {{"episode", episode.id}, {"recipient", destination}});
  }
  return destinations;
}

}  // namespace schoolgate::casework
