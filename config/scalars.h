// The small notations of the configuration files: durations, times of day, dates, sizes, endpoints, networks, ids.
//
// Pure functions over text; nothing means "not that". Each has exactly one spelling for a thing wherever the field
// allows, so that two people who read a file read the same.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "names/ip_address.h"

namespace schoolgate::config {

/// A whole number and a unit: "30s", "15m", "24h", "90d", "2w", "7y" (365 days). At most 100 years.
[[nodiscard]] std::optional<std::chrono::seconds> parse_duration(std::string_view text) noexcept;

/// "12:15" (two digits each, 00:00 to 23:59) as minutes after midnight.
[[nodiscard]] std::optional<int> parse_time_of_day(std::string_view text) noexcept;

/// "2026-12-18" (RFC 3339 full-date); the day must exist.
[[nodiscard]] std::optional<std::chrono::year_month_day> parse_date(std::string_view text) noexcept;

/// Bytes: "65536", or with a unit: KiB, MiB, GiB (1024) and kB, MB, GB (1000).
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

/// Digits only; no sign, no leading zeros, no digit groups.
[[nodiscard]] std::optional<std::uint64_t> parse_whole(std::string_view text) noexcept;

/// "192.0.2.1:8080" or "[2001:db8::1]:8080"; the port is 1 to 65535.
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text) noexcept;

/// As parse_endpoint(), or an address alone (IPv6 with or without brackets), which then has `default_port`.
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port) noexcept;

/// For "10.20.1.7/16", which names no network: the one it lies in, "10.20.0.0/16".
[[nodiscard]] std::optional<std::string> enclosing_network(std::string_view text);

/// Ids of groups, categories, lists and recipients: a letter or digit, then letters, digits, '-', '_' or '.'; at
/// most 64.
[[nodiscard]] bool is_id(std::string_view text) noexcept;

/// "user@host" as far as a typing mistake can be told: one '@', something on both sides, no space or control character.
[[nodiscard]] bool is_mail_address(std::string_view text) noexcept;

/// A scheme of `schemes`, "://", a non-empty host, and nothing that cannot stand in a URL (spaces, controls).
[[nodiscard]] bool is_url_of(std::string_view text, std::initializer_list<std::string_view> schemes) noexcept;

}  // namespace schoolgate::config
