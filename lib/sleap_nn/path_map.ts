/**
 * Python that says where a video is that was labelled on another machine: the function `mapped`.
 *
 * It takes a name as it stands in the labels, of Windows too, and gives the name by the JSON object
 * `mapping` (new beginnings by old ones, the longest that fits), or the name itself.
 */
export const MAPPED_PY = String.raw`
def mapped(name):
    plain = name.replace("\\", "/")
    for old, new in sorted(mapping.items(), key=lambda pair: -len(pair[0])):
        start = old.replace("\\", "/").rstrip("/")
        if plain == start or plain.startswith(start + "/"):
            return new.rstrip("/") + plain[len(start):]
    return name
`;
