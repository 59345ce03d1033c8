// A proposal beside files that have changed since it was made: what it would write now, or why it no longer fits.
//
// Texts are merged line by line, and both sides' lines are kept where both added some in one place. What comes out
// counts only where it means what was proposed, no more and no less: that is what people agreed to. Pure.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "changes/history.h"
#include "changes/meaning.h"
#include "changes/proposal.h"

namespace schoolgate::changes {

/// A file that is no longer what the proposal was made from.
struct Clash {
  std::string file;
  std::string difference;  ///< between what it was then and what it is now, as lines
};

struct Rebased {
  std::vector<ChangedPart> parts;   ///< what the proposal means
  std::vector<ProposedFile> files;  ///< `before`: as they are now; `after`: with the proposal. Empty where it clashes
  std::vector<Clash> clashes;
  bool is_merged = false;  ///< files have changed meanwhile, and it fits all the same
};

/// `folder` names files in problems. Fault config: what it means cannot be said, because the files as they are, or as
/// they would be, are no configuration.
[[nodiscard]] Result<Rebased> rebase(const std::filesystem::path& folder, const FileTexts& now,
                                     const std::vector<ProposedFile>& proposed);

}  // namespace schoolgate::changes
