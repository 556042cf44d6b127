// Framing of metadata records, over the types that MetadataRecord lists.
#include "core/controller/records.h"

#include <array>

namespace brokersim::controller {
namespace {

// Frame version 0 existed only in a preview of KRaft, and Kafka reads it no more either.
constexpr std::uint64_t frame_version = 1;

template <class Record>
bool decode_as(wire::Reader& in, std::uint64_t type, std::uint64_t version,
               std::optional<MetadataRecord>& out) {
  if (type != static_cast<std::uint64_t>(Record::description.key)) return false;
  if (version > static_cast<std::uint64_t>(Record::description.versions.last)) {
    in.fail("metadata record of an unknown version");
  } else {
    out = wire::decode_from<Record>(in, static_cast<std::int16_t>(version));
  }
  return true;
}

template <class... Record>
std::optional<MetadataRecord> decode_body(wire::Reader& in, std::uint64_t type,
                                          std::uint64_t version, std::variant<Record...>*) {
  std::optional<MetadataRecord> out;
  const bool known = (decode_as<Record>(in, type, version, out) || ...);
  if (!known) in.fail("metadata record of an unknown type");
  return out;
}

constexpr std::array<std::string_view, std::variant_size_v<MetadataRecord>> names{
    "RegisterBrokerRecord", "UnregisterBrokerRecord", "TopicRecord",
    "PartitionRecord",      "ConfigRecord",           "PartitionChangeRecord",
    "FenceBrokerRecord",    "UnfenceBrokerRecord",    "RemoveTopicRecord",
    "FeatureLevelRecord",   "ProducerIdsRecord",      "BrokerRegistrationChangeRecord",
    "NoOpRecord",
};

struct EncodeFramed {
  wire::Writer& out;
  template <class Record>
  void operator()(const Record& record) const {
    constexpr auto version = Record::description.versions.last;
    out.uvarint(frame_version);
    out.uvarint(static_cast<std::uint64_t>(Record::description.key));
    out.uvarint(static_cast<std::uint64_t>(version));
    wire::encode_into(out, record, version);
  }
};

struct PrintJson {
  template <class Record>
  std::string operator()(const Record& record) const {
    return wire::to_json(record, Record::description.versions.last);
  }
};

}  // namespace

Bytes encode_record(const MetadataRecord& record) {
  Bytes out;
  wire::Writer writer(out);
  std::visit(EncodeFramed{writer}, record);
  return out;
}

Expected<MetadataRecord, std::string_view> decode_record(ByteView framed) {
  wire::Reader in(framed);
  if (in.uvarint() != frame_version) in.fail("metadata record in an unknown frame");
  const auto type = in.uvarint();
  const auto version = in.uvarint();
  auto record = decode_body(in, type, version, static_cast<MetadataRecord*>(nullptr));
  if (in.ok() && in.remaining() != 0) in.fail("bytes follow a metadata record");
  if (!in.ok()) return Unexpected(in.error());
  return *std::move(record);
}

std::string_view name_of(const MetadataRecord& record) { return names[record.index()]; }

std::string to_string(const MetadataRecord& record) {
  return fmt::format("{} {}", name_of(record), std::visit(PrintJson{}, record));
}

}  // namespace brokersim::controller
