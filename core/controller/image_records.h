// An image as records: what a snapshot holds instead of the log that led to it (KIP-630), and what
// changes for those who knew an earlier image.
#pragma once

#include <vector>

#include "core/controller/image.h"
#include "core/controller/records.h"

namespace brokersim::controller {

// Applied to an empty image, in this order and all at one offset, they give `image` again; only
// what an image knows of the offsets of records is that one.
std::vector<MetadataRecord> records_of(const Image& image);

// What would have been told, had `after` been reached from `before` record by record.
Delta difference(const Image& before, const Image& after);

}  // namespace brokersim::controller
