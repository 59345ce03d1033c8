// What a reader of the PDF finds in it: by pdftotext of poppler-utils, another library than the one that wrote it.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace schoolgate::console {

inline std::string text_of_pdf(const std::string& bytes) {
  std::string name = (std::filesystem::temp_directory_path() / "schoolgate-pdf-XXXXXX").string();
  const int file = ::mkstemp(name.data());
  if (file < 0 || ::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("cannot write " + name);
  }
  ::close(file);
  std::string text;
  std::FILE* const reader = ::popen(("pdftotext -layout -enc UTF-8 " + name + " -").c_str(), "r");
  std::array<char, 4096> buffer{};
  for (std::size_t n; reader && (n = std::fread(buffer.data(), 1, buffer.size(), reader)) > 0;) {
    text.append(buffer.data(), n);
  }
  const int status = reader ? ::pclose(reader) : -1;
  std::filesystem::remove(name);
  if (status != 0) throw std::runtime_error("pdftotext (package poppler-utils) cannot read it");
  return text;
}

}  // namespace schoolgate::console
