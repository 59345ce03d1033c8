// Episodes in plain words, as lists and pages show them. Pure but for the desk's names and clock.
#pragma once

#include <string>
#include <string_view>

#include "casework/episode_view.h"
#include "casework/pink_slip.h"
#include "console/desk.h"

namespace schoolgate::console {

/// "Self-harm" for "self-harm"; "Illegal: child abuse" where the theme is one of those.
[[nodiscard]] std::string theme_words(std::string_view theme, bool illegal = false);
/// "Signed in with a password", "Class account: one of a class", and what that means.
[[nodiscard]] std::string confidence_words(std::string_view confidence);
/// "7 attempts, all blocked", "3 attempts, 1 let through".
[[nodiscard]] std::string attempts_words(const casework::EpisodeRow& row);
/// The person, as far as this viewer may know: name, "not named to your role", or the device.
[[nodiscard]] std::string who_words(const Desk& desk, const casework::EpisodeRow& row);
/// Fills the item of a list: path, who, what, when, sites, urgency, state.
void set_row(const Desk& desk, web::View& item, const casework::EpisodeRow& row);
/// One list of episodes under `name`.
void set_rows(const Desk& desk, web::View& view, std::string_view name, const casework::EpisodePage& page);
/// The slip of an episode, with its checklist, its incident and the names that the desk knows.
[[nodiscard]] Result<casework::PinkSlip> slip_of(const Desk& desk, const Visit& visit,
                                                 const casework::EpisodeDetail& episode);
/// "govuk-tag--red" and its like: never the only sign, the word stands in it.
[[nodiscard]] std::string_view urgency_class(int urgency) noexcept;

}  // namespace schoolgate::console
