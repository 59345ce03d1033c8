// Pages about the filter itself: try an address, changes, rules, groups, lists, files. For technician and
// administrator; the safeguarding lead and the head look, and agree to changes.
//
// What these pages share. Any thread of the web server's pool.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "changes/change_control.h"
#include "console/desk.h"

namespace schoolgate::console {

void add_change_pages(Desk& desk, web::Router& router);
void add_propose_pages(Desk& desk, web::Router& router);
void add_try_pages(Desk& desk, web::Router& router);
void add_rule_pages(Desk& desk, web::Router& router);
void add_group_pages(Desk& desk, web::Router& router);
void add_list_pages(Desk& desk, web::Router& router);
void add_file_pages(Desk& desk, web::Router& router);

/// The links between the pages; `here` is the path of this one. Also whether this process puts changes in force itself.
void set_filter_frame(const Desk& desk, web::View& view, std::string_view here);
/// Answer of a page that needs changes where there are none to be had.
[[nodiscard]] web::Response no_changes(const Desk& desk, const Visit& visit);

[[nodiscard]] changes::Actor actor_of(const Visit& visit);
/// "Amelia Hughes" has no account: "by hand (root)" or the account.
[[nodiscard]] std::string actor_words(const changes::Actor& actor);
/// "opens", "closes", for a tag.
[[nodiscard]] std::string kind_words_of(const changes::ChangedPart& part);
/// "parts", "missing", "note", "clashes" of the view.
void set_standing(web::View& view, const changes::ChangeControl::Standing& standing);
/// A refusal as one text for a page: what is to be read first, then the error.
[[nodiscard]] std::string refusal_words(const changes::Refusal& refusal);

/// Puts in force what is asked for, where this process may; what became of change `number`, for the one who pressed.
[[nodiscard]] std::string follow_up(const Desk& desk, const Visit& visit, std::uint64_t number);

/// A link to the page on which the change is looked at and proposed.
[[nodiscard]] std::string propose_path(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace schoolgate::console
