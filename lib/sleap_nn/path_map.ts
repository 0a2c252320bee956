/**
 * Python that says where a video is that was labelled on another machine: the function `mapped`.
 *
 * It takes a name as it stands in the labels and gives the new one by `rules`, or the name itself;
 * `rules` are those of `pathRules()`, and this is `mapPath()` of `lib/prediction/path_map.ts`.
 */
export const MAPPED_PY = String.raw`
import re
def mapped(name):
    plain = re.sub(r"(?<=/)(?:\.?/)+", "", name.replace("\\", "/"))
    plain = re.sub(r"^(?:\./)+", "", plain)
    for old, new in rules:
        if plain == old or plain.startswith(old + "/"):
            return new + plain[len(old):]
    return name
`;
