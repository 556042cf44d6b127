#include "properties/compactions.h"

namespace brokersim::properties {

void Compactions::add(const LogCompacted& compacted) {
  gone_.insert(compacted.removed.begin(), compacted.removed.end());
  for (const BatchRef& batch : compacted.batches) forms_[batch.base_offset].insert(batch.digest);
}

bool Compactions::is_gone(const BatchRef& batch) const {
  for (Offset offset = batch.base_offset; offset <= batch.last_offset; ++offset)
    if (!is_gone(offset)) return false;
  return true;
}

bool Compactions::is_form_of(const BatchRef& found, const BatchRef& original) const {
  if (found.base_offset != original.base_offset || found.last_offset != original.last_offset ||
      found.leader_epoch != original.leader_epoch)
    return false;
  const auto forms = forms_.find(found.base_offset);
  return forms != forms_.end() && forms->second.contains(found.digest);
}

}  // namespace brokersim::properties
