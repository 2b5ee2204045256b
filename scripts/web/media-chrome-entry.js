// The elements of media-chrome that the player uses. `bundle.mjs` makes one module of them.
import "media-chrome/media-controller";
import "media-chrome/media-control-bar";
import "media-chrome/media-fullscreen-button";
import "media-chrome/media-loading-indicator";
import "media-chrome/media-mute-button";
import "media-chrome/media-play-button";
import "media-chrome/media-playback-rate-button";
import "media-chrome/media-preview-thumbnail";
import "media-chrome/media-preview-time-display";
import "media-chrome/media-time-display";
import "media-chrome/media-time-range";
import "media-chrome/media-volume-range";
// The words of its buttons: English, Chinese, and which of them.
import "media-chrome/lang/zh-CN";
export { setLanguage } from "media-chrome/utils/i18n";
