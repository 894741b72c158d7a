// A small catalogue for this room's tests: one type for each thing that is checked. Values; nothing fails.
#pragma once

#include "model/catalogue.h"

namespace loom::ingest {

inline void add_type(model::Catalogue& to, model::MessageTypeSpec type) {
  model::TopicSpec topic;
  topic.name = type.topic;
  to.topics.emplace(type.topic, topic);
  to.types.emplace(type.name, std::move(type));
}

inline model::Field field(std::string name, model::FieldKind kind) {
  model::Field made;
  made.name = std::move(name);
  made.kind = kind;
  return made;
}

inline model::Catalogue test_catalogue() {
  using model::FieldKind;
  model::Catalogue catalogue;
  catalogue.api.listen = "127.0.0.1:0";

  model::MessageTypeSpec gps;
  gps.name = MessageType{"gps_reading"};
  gps.topic = TopicName{"device.sensor.gps.raw"};
  gps.fields = {field("latitude", FieldKind::number), field("longitude", FieldKind::number)};
  gps.fields[0].min = -90, gps.fields[0].max = 90;
  gps.fields[1].min = -180, gps.fields[1].max = 180;
  add_type(catalogue, gps);

  model::MessageTypeSpec picture;
  picture.name = MessageType{"screenshot"};
  picture.topic = TopicName{"device.video.screen.raw"};
  picture.hint = "direct_storage";
  picture.key = model::KeyBy::message_id;
  picture.fields = {field("image_data", FieldKind::base64), field("width", FieldKind::integer)};
  add_type(catalogue, picture);

  model::MessageTypeSpec note;
  note.name = MessageType{"digital_note"};
  note.topic = TopicName{"digital.notes.raw"};
  add_type(catalogue, note);

  model::MessageTypeSpec odd;
  odd.name = MessageType{"every_kind"};
  odd.topic = TopicName{"odd"};
  odd.fields = {field("text", FieldKind::string),    field("flag", FieldKind::boolean),
                field("list", FieldKind::array),     field("place.at", FieldKind::object),
                field("when", FieldKind::timestamp), field("thing", FieldKind::any)};
  for (auto& each : odd.fields) each.required = false;
  add_type(catalogue, odd);
  return catalogue;
}

}  // namespace loom::ingest
