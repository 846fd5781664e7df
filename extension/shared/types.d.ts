// Types only; nothing here is loaded by a browser.

type Level = "ai" | "likely_ai" | "unclear" | "no_sign" | "camera";

interface Evidence {
  kind: string;
  /** -1 speaks against a generated image, 1 for it. */
  direction: number;
  strength: number;
  text: string;
  fields?: Record<string, unknown>;
}

interface Verdict {
  level: Level;
  label: string;
  summary: string;
  probability: number | null;
  basis: "signed" | "declared" | "pixels";
  evidence: Evidence[];
  generator: "unknown" | { name: string; probability: number | null }[];
  heatmap: string | null;
  image: { width: number; height: number; format: string; bytes: number; sha256: string };
  model: { name: string; version: string };
  timing_ms: Record<string, number>;
  cached: boolean;
  /** Sentences that say why, and what would change the verdict. Older companions give none of what follows. */
  explanation?: string[];
  changes?: string[];
  /** Boxes in shares of the image's width and height. */
  regions?: { x: number; y: number; width: number; height: number }[];
  /** Figures beside the verdict, which decided nothing. */
  report?: Record<string, unknown>;
}

/** Why there is no verdict. Every code has a title and an advice in `_locales`. */
type ProblemCode =
  | "companion_missing"
  | "companion_blocked"
  | "companion_busy"
  | "companion_paused"
  | "companion_error"
  | "not_paired"
  | "no_access"
  | "fetch_failed"
  | "not_an_image"
  | "too_large"
  | "cannot_judge"
  | "image_gone"
  | "wrong_code"
  | "code_expired"
  | "code_of_other_port"
  | "too_many_tries"
  | "not_kept"
  | "not_allowed"
  | "not_offered"
  | "shared_unreachable"
  | "shared_no_permission"
  | "shared_other"
  | "shared_unproven"
  | "extension_reloaded";

interface Problem {
  code: ProblemCode;
  /** What the companion or the browser said, in English; shown small, for the curious. */
  detail?: string | undefined;
  /** Seconds until it is worth trying again. */
  retryAfter?: number | undefined;
}

type ImageKind = "img" | "css" | "poster" | "canvas" | "svg";

/** What a content script says about an image that it wants checked. */
interface ImageRequest {
  kind: ImageKind;
  /** Absolute address, or "" where there is none (canvas). Never sent to the companion. */
  url: string;
  /** Bytes that only the page could read, base64. */
  bytes?: string | undefined;
  priority?: "user" | "visible" | "near" | undefined;
  /** The page has loaded the picture again under the same address. */
  fresh?: boolean | undefined;
}

/** Where an image is in the viewport, in CSS pixels: the last resort is a crop of the visible tab. */
interface Sight {
  box: { x: number; y: number; width: number; height: number };
  /** Whether that box is wholly in view and uncovered, so that a screenshot of it shows the image alone. */
  clear: boolean;
  pixelRatio: number;
}

/** How the bytes that were judged were come by. */
type ByteSource = "network" | "page" | "screenshot";

interface CheckOutcome {
  verdict?: Verdict | undefined;
  problem?: Problem | undefined;
  source?: ByteSource | undefined;
  /** The address of the shared companion that judged it; absent where that was on this computer. */
  where?: string | undefined;
  /** The picture as a data address, where it cannot be had a second time. */
  preview?: string | undefined;
}

interface CompanionState {
  state: "ready" | "not_paired" | "missing" | "blocked" | "no_permission";
  port: number | null;
  /** Where a shared companion is; absent where it is the one on this computer. */
  address?: string;
  /** That address is an administrator's. */
  given?: boolean;
  /** Other ports where a program says that it is the companion, as long as none has proved it. */
  rivals?: number[];
}

interface CompanionOverview extends Omit<CompanionState, "state"> {
  state: CompanionState["state"] | "paused";
  model?: { name: string; version: string } | null;
  waiting?: number;
}

/** What a frame says of its images. */
interface PageState {
  automatic: boolean;
  counts: Partial<Record<Level, number>>;
  waiting: number;
  problem: ProblemCode | null;
  /** Origins of images that could not be fetched for want of a permission. */
  refusedHosts: string[];
}

/** What content scripts share with each other; they are classic scripts and cannot import. */
interface ContentScripts {
  icons: import("./level-icons.js").IconTable;
  images: import("../content/images.js").ImagesApi;
  slices: import("../content/slices.js").SlicesApi;
  nearness: import("../content/nearness.js").NearnessApi;
  covered: import("../content/covered.js").CoveredApi;
  placement: import("../content/placement.js").PlacementApi;
  badgeStyle: import("../content/badge-style.js").BadgeStyle;
  badge: import("../content/badge.js").BadgeApi;
  panel: import("../content/panel.js").PanelApi;
  bytes: import("../content/bytes.js").BytesApi;
  checks: import("../content/checks.js").ChecksApi;
  sight: import("../content/sight.js").SightApi;
  twins: import("../content/twins.js").TwinsApi;
  changes: import("../content/changes.js").ChangesApi;
  scan: import("../content/scan.js").ScanApi;
  pageState: () => PageState;
  actions: import("../content/actions.js").ActionsApi;
  queue: import("../content/queue.js").QueueApi;
  finder: import("../content/finder.js").FinderApi;
  link: import("../content/link.js").LinkApi;
  succession: import("../content/succession.js").SuccessionApi;
  started?: boolean;
  /** Takes everything of ours out of the page. */
  end?: () => void;
}

declare var naturalTrace: Partial<ContentScripts> & ContentScripts;
declare var browser: typeof chrome | undefined;
