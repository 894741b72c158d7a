#include "books/report.h"

#include <fmt/format.h>

#include <cmath>

#include "loom/json.h"

namespace loom::books {
namespace {

std::string text_of(const Spot& spot, const Plan& plan) {
  auto topic = spot.topic < plan.topics.size() ? plan.topics[spot.topic].get() : std::string("?");
  return topic + ":" + std::to_string(spot.partition) + ":" + std::to_string(spot.offset);
}

void add(std::string& to, std::int64_t count, std::string_view what) {
  if (count > 0) to += fmt::format("{}{} {}", to.empty() ? "" : " · ", count, what);
}

template <class Tally>
std::string ends_of(const Tally& tally) {
  std::string text;
  for (std::size_t i = 0; i < fates; ++i) add(text, tally.counts[i], name_of(static_cast<Fate>(i)));
  return text;
}

std::string ends_of_hop(const HopTally& tally) {
  auto text = ends_of(tally);
  add(text, tally.duplicated, "duplicated");
  add(text, tally.altered, "altered");
  add(text, tally.repeated, "repeated");
  add(text, tally.revised, "revised");
  return text.empty() ? "nothing yet" : text;
}

/// Partitions whose first records have expired, as "0:120".
std::string begins_at(const Scene& scene, const Hop& hop) {
  std::string text;
  const auto& partitions = scene.topics[hop.input];
  for (std::size_t i = 0; i < partitions.size(); ++i)
    if (partitions[i].low > 0) text += fmt::format("{}{}:{}", text.empty() ? "" : ", ", i, partitions[i].low);

  return text;
}

std::string line_of(const Breach& breach, const Plan& plan) {
  auto part = breach.identity.part.empty() ? "" : " part " + breach.identity.part;
  return fmt::format("  {:<10} {}{} at {}: {}\n", name_of(breach.kind), breach.identity.message_id, part,
                     text_of(breach.at, plan), breach.why);
}

std::string breaches_of(const Plan& plan, const Proof& proof) {
  std::string text;
  auto add_all = [&](const std::string& where, const std::vector<Breach>& breaches, std::int64_t total) {
    if (breaches.empty()) return;
    text += where + "\n";
    for (const auto& breach : breaches) text += line_of(breach, plan);
    auto more = total - static_cast<std::int64_t>(breaches.size());
    if (more > 0) text += fmt::format("  … and {} more\n", more);
  };
  for (std::size_t i = 0; i < plan.hops.size(); ++i) {
    const auto& tally = proof.tally.hops[i];
    add_all(plan.text_of(plan.hops[i]), tally.breaches, tally.of(Fate::lost) + tally.duplicated + tally.altered);
  }
  add_all("receipts", proof.tally.receipts.breaches, proof.tally.receipts.missing);
  return text.empty() ? "" : "\n" + text;
}

std::string notes_of(const Plan& plan, const Proof& proof) {
  std::string text;
  for (const auto& hop : plan.hops) {
    auto begins = begins_at(proof.scene, hop);
    if (!begins.empty())
      text += fmt::format("{} begins at {}: what came before has expired and cannot be judged\n", plan.text_of(hop),
                          begins);
  }
  for (const auto& [topic, trouble] : proof.troubles)
    text += fmt::format("rows of {} cannot be read: {}\n", plan.topics[topic].get(), trouble);
  for (std::size_t i = 0; i < plan.topics.size(); ++i)
    if (!proof.is_there[i]) text += plan.topics[i].get() + " does not exist: run 'loom topics apply'\n";
  return text.empty() ? "" : "\n" + text;
}

std::string begins_json(const Scene& scene, const Hop& hop) {
  std::vector<std::string> begins;
  for (const auto& one : scene.topics[hop.input]) begins.push_back(std::to_string(one.low));
  return json::array_of(begins);
}

std::string breach_json(const Breach& breach, const Plan& plan) {
  return json::Writer{}
      .field("kind", name_of(breach.kind))
      .field("message_id", breach.identity.message_id)
      .field("part", breach.identity.part)
      .field("topic", breach.at.topic < plan.topics.size() ? plan.topics[breach.at.topic].get() : "")
      .field("partition", static_cast<std::int64_t>(breach.at.partition))
      .field("offset", breach.at.offset)
      .field("why", breach.why)
      .text();
}

std::string breaches_json(const std::vector<Breach>& breaches, const Plan& plan) {
  std::vector<std::string> all;
  for (const auto& breach : breaches) all.push_back(breach_json(breach, plan));
  return json::array_of(all);
}

template <class Tally>
void add_counts(json::Writer& to, const Tally& tally) {
  for (std::size_t i = 0; i < fates; ++i) to.field(name_of(static_cast<Fate>(i)), tally.counts[i]);
}

std::string hop_json(const Plan& plan, const Proof& proof, std::size_t index) {
  const auto& hop = plan.hops[index];
  const auto& tally = proof.tally.hops[index];
  json::Writer one;
  one.field("group", plan.groups[hop.group].get()).field("input", plan.topics[hop.input].get());
  if (hop.output != nobody) one.field("output", plan.topics[hop.output].get());
  one.field("messages", tally.identities);
  add_counts(one, tally);
  one.field("duplicated", tally.duplicated)
      .field("altered", tally.altered)
      .field("repeated", tally.repeated)
      .field("revised", tally.revised)
      .raw("begins_at", begins_json(proof.scene, hop));
  if (auto trouble = proof.troubles.find(hop.input); hop.is_sink && trouble != proof.troubles.end())
    one.field("trouble", trouble->second);
  return one.raw("breaches", breaches_json(tally.breaches, plan)).text();
}

std::string path_json(const Plan& plan, const Proof& proof, std::size_t index) {
  json::Writer one;
  one.field("pipeline", plan.text_of(plan.paths[index])).field("messages", proof.tally.paths[index].messages);
  add_counts(one, proof.tally.paths[index]);
  return one.text();
}

std::string receipts_json(const Plan& plan, const ReceiptTally& tally) {
  return json::Writer{}
      .field("receipts", tally.receipts)
      .field("found", tally.found)
      .field("expired", tally.expired)
      .field("missing", tally.missing)
      .raw("breaches", breaches_json(tally.breaches, plan))
      .text();
}

}  // namespace

std::string proof_text(const Plan& plan, const Proof& proof) {
  auto text = fmt::format("{:<72} {:>10}  {}\n", "GROUP ← TOPIC", "MESSAGES", "ENDED");
  for (std::size_t i = 0; i < plan.hops.size(); ++i)
    text += fmt::format("{:<72} {:>10}  {}\n", plan.text_of(plan.hops[i]), proof.tally.hops[i].identities,
                        ends_of_hop(proof.tally.hops[i]));
  text += fmt::format("\n{:<72} {:>10}  {}\n", proof.by_receipts ? "PIPELINE (messages with a receipt)" : "PIPELINE",
                      "MESSAGES", "ENDED");
  for (std::size_t i = 0; i < plan.paths.size(); ++i) {
    const auto& tally = proof.tally.paths[i];
    if (tally.messages > 0)
      text += fmt::format("{}\n{:<72} {:>10}  {}\n", plan.text_of(plan.paths[i]), "", tally.messages, ends_of(tally));
  }
  text += notes_of(plan, proof) + breaches_of(plan, proof);
  const auto& receipts = proof.tally.receipts;
  if (proof.by_receipts)
    text += fmt::format("\nreceipts: {} told, {} there, {} expired, {} missing\n", receipts.receipts, receipts.found,
                        receipts.expired, receipts.missing);
  return text + fmt::format("\nverify: {} hops, {} records read in {:.1f} s:{} lost={} duplicated={}\n",
                            plan.hops.size(), proof.records, proof.seconds,
                            proof.tally.altered() > 0 ? fmt::format(" altered={}", proof.tally.altered()) : "",
                            proof.tally.lost(), proof.tally.duplicated());
}

std::string proof_json(const Plan& plan, const Proof& proof) {
  std::vector<std::string> hops, paths;
  for (std::size_t i = 0; i < plan.hops.size(); ++i) hops.push_back(hop_json(plan, proof, i));
  for (std::size_t i = 0; i < plan.paths.size(); ++i) paths.push_back(path_json(plan, proof, i));
  json::Writer all;
  all.field("holds", proof.tally.holds())
      .field("lost", proof.tally.lost())
      .field("duplicated", proof.tally.duplicated())
      .field("altered", proof.tally.altered())
      .field("records", proof.records)
      .field("seconds", std::round(proof.seconds * 1000) / 1000)
      .raw("hops", json::array_of(hops))
      .raw("pipelines", json::array_of(paths));
  if (proof.by_receipts) all.raw("receipts", receipts_json(plan, proof.tally.receipts));
  return all.text();
}

}  // namespace loom::books
